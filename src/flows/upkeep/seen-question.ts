import type { Deps } from '../../deps.ts'
import { isWithin, MINUTE } from '../../platform/clock.ts'

const PURPOSE = 'doctor'

/** The header in which `authd doctor` asks a daemon how it sees the request. Only who has the server secret can ask. */
export const SEEN_QUESTION = 'Authd-Doctor'
/** The header of the answer, a JSON object. */
export const SEEN_ANSWER = 'Authd-Seen'

/** What a daemon answers. */
export interface Seen {
  /** The address that counts as the client's. */
  client: string
  /** The other end of the connection. */
  peer: string | null
  /** Whether the peer is in server.trusted_proxies. */
  from_proxy: boolean
  /** Whether the request named a forwarded address. */
  forwarded: boolean
  /** It did, but the peer is not trusted. */
  ignored: boolean
}

/** The value of the question. It names its time, so a copy of it is soon worthless. */
export function seenQuestion({ keys, clock }: Pick<Deps, 'clock' | 'keys'>): string {
  const at = String(clock.now())
  return `${at}.${keys.mac(PURPOSE, at)}`
}

export function isSeenQuestion({ keys, clock }: Pick<Deps, 'clock' | 'keys'>, value: string): boolean {
  const [, at = '', mac = ''] = /^(\d{13})\.([\w-]{43})$/.exec(value) ?? []
  return mac !== '' && isWithin(clock.now(), Number(at), MINUTE) && keys.isMac(PURPOSE, at, mac)
}
