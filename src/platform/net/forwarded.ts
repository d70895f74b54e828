import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { foldIp } from './ip.ts'

/** What a proxy, or somebody who poses as one, may have written about where a request comes from. */
const FORWARDING = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-real-ip',
  'true-client-ip',
]

export interface Client {
  /** Address of the socket, or the rightmost hop that is not a trusted proxy. */
  ip: string
  /** Something was written: the peer is, or poses as, a proxy. */
  isForwarded: boolean
  /** The same, and the peer is not one whose word counts. */
  isIgnored: boolean
  /** `Forwarded` and `X-Forwarded-For` tell of two clients: one of them was written by the client. */
  isUnclear: boolean
}

/** The client of a request. The forwarding headers are removed, so that no other code can use them. */
export function takeClient(peer: string, headers: IncomingHttpHeaders, isTrusted: (ip: string) => boolean): Client {
  const socket = foldIp(peer) ?? peer
  const written = FORWARDING.filter((name) => headers[name] !== undefined)
  if (written.length === 0) return { ip: socket, isForwarded: false, isIgnored: false, isUnclear: false }
  const lists = [hopsOf(headers['x-forwarded-for']), standardHopsOf(headers['forwarded'])].filter(
    (hops) => hops !== undefined,
  )
  for (const name of written) delete headers[name]
  if (isIP(socket) === 0 || !isTrusted(socket))
    return { ip: socket, isForwarded: true, isIgnored: true, isUnclear: false }
  const [ip = socket, other = ip] = lists.map((hops) => walk(socket, hops, isTrusted))
  return { ip, isForwarded: true, isIgnored: false, isUnclear: ip !== other }
}

/** The hops as `authd ipfilter check --forwarded-for` and the daemon walk them: from the right, as far as is trusted. */
function walk(peer: string, hops: readonly (string | undefined)[], isTrusted: (ip: string) => boolean): string {
  let client = peer
  for (const hop of hops.toReversed()) {
    // Whatever stands left of a hop that is unknown or not ours may be invented.
    if (!isTrusted(client) || hop === undefined) break
    client = hop
  }
  return client
}

/** The addresses of X-Forwarded-For; a hop that is none is undefined. */
function hopsOf(value: string | string[] | undefined): (string | undefined)[] | undefined {
  return value === undefined ? undefined : String(value).split(',').map(hopOf)
}

/** The `for` of each element of RFC 7239. */
function standardHopsOf(value: string | undefined): (string | undefined)[] | undefined {
  return value?.split(',').map((element) => {
    const [, node] = /(?:^|;)\s*for=("[^"]*"|[^;\s]*)/i.exec(element) ?? []
    return node === undefined ? undefined : hopOf(node.replace(/^"(.*)"$/, '$1'))
  })
}

/** An address that may carry a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function hopOf(text: string): string | undefined {
  const node = text.trim()
  const [, address = node] = /^\[([^\]]*)\](?::\d+)?$/.exec(node) ?? /^([\d.]+):\d+$/.exec(node) ?? []
  return foldIp(address)
}
