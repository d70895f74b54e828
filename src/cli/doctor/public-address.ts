import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import type { Check } from '../../flows/operator/doctor-database.ts'
import { SEEN_ANSWER, SEEN_QUESTION, type Seen, seenQuestion } from '../../flows/upkeep/seen-question.ts'
import { DAY } from '../../platform/clock.ts'
import { type Fetched, fetchText, listeningAt } from '../daemon-client.ts'

/** How long each question to the public address may take. Milliseconds. */
const REACH_MS = 5000
/** Certificates that are renewed by a program have more days left than this. */
const RENEWED_DAYS = 14
const LAST_DAYS = 3
/** Reserved for examples (RFC 5737), so it is nobody's real address. */
const MADE_UP_CLIENT = '192.0.2.77'
/** What securityHeaders sets, which a proxy must neither remove nor double. */
const KEPT =
  /^(?:content-security-policy|strict-transport-security|x-frame-options|x-content-type-options|referrer-policy|permissions-policy|cross-origin-.*)$/

type Asking = Pick<Deps, 'clock' | 'keys'>

/** Asks the daemon at its public address, as a browser would, from outside in. The daemon must run. */
export async function checkPublicAddress(deps: Asking | undefined, config: Config): Promise<Check[]> {
  const { publicUrl, server } = config
  const url = new URL(publicUrl)
  const health = `${publicUrl}/health`
  const ask = (address: string, headers: Record<string, string> = {}) =>
    fetchText(address, {
      timeoutMs: REACH_MS,
      headers: { ...headers, ...(deps && { [SEEN_QUESTION]: seenQuestion(deps) }) },
    })
  const isDirect = url.protocol === 'http:'
  const [open, forged, direct, plain] = await Promise.all([
    ask(health),
    isDirect ? undefined : ask(health, { 'X-Forwarded-For': MADE_UP_CLIENT }),
    ask(`${listeningAt(server)}/health`, { Host: url.host }),
    isDirect || url.port !== '' ? undefined : fetchText(`http://${url.host}/`, { timeoutMs: REACH_MS }),
  ])
  const reached = reachedCheck(open, health, deps !== undefined)
  if (reached.status === 'wrong' || open.status === undefined) return [reached]
  return [
    reached,
    ...(isDirect ? [] : [certificateCheck(open.certificateEnds, deps)]),
    headersCheck(open, direct),
    ...(isDirect ? [] : clientChecks(seenIn(open), seenIn(forged))),
    ...(plain === undefined ? [] : [redirectCheck(plain, url)]),
  ]
}

function reachedCheck(open: Fetched, address: string, canAsk: boolean): Check {
  const check = 'public address'
  const fix = 'authd config show --section server'
  if (open.status === undefined && UNTRUSTED.test(open.why)) {
    const detail = `${open.why}: this machine does not trust who signed the certificate. Add the CA to its certificates`
    return { check, status: 'wrong', detail, fix: 'sudo update-ca-certificates' }
  }
  if (open.status === undefined) return { check, status: 'wrong', detail: open.why, fix }
  if (open.status === 404) {
    const detail = `HTTP 404 from ${address}: the proxy leads elsewhere, or changes the path`
    return { check, status: 'wrong', detail, fix }
  }
  if (open.status !== 200) return { check, status: 'wrong', detail: `HTTP ${open.status} from ${address}`, fix }
  if (canAsk && seenIn(open) === undefined) {
    return { check, status: 'wrong', detail: `${address} is answered by another program than this authd`, fix }
  }
  return { check, status: 'ok', detail: address }
}

/** OpenSSL's words for a certificate whose chain ends at an unknown CA. */
const UNTRUSTED = /self-signed certificate|unable to (?:get|verify)/

function certificateCheck(ends: string | undefined, deps: Asking | undefined): Check {
  const check = 'certificate'
  const now = deps?.clock.now()
  if (ends === undefined || now === undefined) return { check, status: 'warn', detail: 'its end is not known' }
  const days = Math.floor((Date.parse(ends) - now) / DAY)
  const detail = `valid for ${days} more days, until ${ends}`
  return { check, status: days >= RENEWED_DAYS ? 'ok' : days >= LAST_DAYS ? 'warn' : 'wrong', detail }
}

/** Each header of the daemon must come through the proxy as it was sent. */
function headersCheck(open: Fetched, direct: Fetched): Check {
  const check = 'headers'
  const docs = 'authd config reference server.hsts'
  if (open.status === undefined || direct.status === undefined) {
    return { check, status: 'warn', detail: 'the daemon could not be asked directly, to compare' }
  }
  const names = Object.keys(direct.headers).filter((name) => KEPT.test(name))
  const changed = names.filter((name) => open.headers[name] !== direct.headers[name])
  if (changed.length === 0)
    return { check, status: 'ok', detail: `${names.length} security headers come through intact` }
  return { check, status: 'wrong', detail: `the proxy changes or removes ${changed.join(', ')}`, fix: docs }
}

function clientChecks(seen: Seen | undefined, forged: Seen | undefined): Check[] {
  const check = 'client address'
  const fix = 'authd config reference server.trusted_proxies'
  if (seen === undefined) return []
  if (seen.ignored) {
    const detail = `all clients have the address of the proxy, ${seen.peer}, which is not in server.trusted_proxies`
    return [{ check, status: 'wrong', detail, fix }]
  }
  if (!seen.forwarded) {
    return [{ check, status: 'wrong', detail: `the proxy ${seen.peer} does not pass the address of the client`, fix }]
  }
  if (forged?.client === MADE_UP_CLIENT) {
    const detail = 'clients can choose their address: the proxy passes on the X-Forwarded-For that they send'
    return [{ check, status: 'wrong', detail, fix }]
  }
  return [{ check, status: 'ok', detail: `seen as ${seen.client}, through ${seen.peer}; a forged one is ignored` }]
}

function redirectCheck(plain: Fetched, { host }: URL): Check {
  const check = 'redirect'
  if (plain.status === undefined) return { check, status: 'ok', detail: 'nothing answers plain HTTP' }
  const isLed = plain.status >= 300 && plain.status < 400 && String(plain.headers.location).startsWith('https:')
  if (isLed) return { check, status: 'ok', detail: `http://${host} leads to https` }
  const detail = `http://${host} answers with HTTP ${plain.status} and does not lead to https`
  return { check, status: 'warn', detail }
}

function seenIn(answer: Fetched | undefined): Seen | undefined {
  const text = answer?.status === undefined ? undefined : answer.headers[SEEN_ANSWER.toLowerCase()]
  try {
    const seen: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
    return isSeen(seen) ? seen : undefined
  } catch {
    // Another program may answer there, with anything.
    return undefined
  }
}

function isSeen(value: unknown): value is Seen {
  if (typeof value !== 'object' || value === null) return false
  const { client, peer, forwarded, ignored } = value as Record<string, unknown>
  const isAddress = (text: unknown) => typeof text === 'string'
  return (
    isAddress(client) &&
    (peer === null || isAddress(peer)) &&
    [forwarded, ignored].every((one) => typeof one === 'boolean')
  )
}
