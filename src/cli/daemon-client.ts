import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { formatDuration } from '../platform/duration.ts'
import { trustSystemCertificates } from '../platform/net/system-certificates.ts'
import { systemReason } from '../platform/system-error.ts'

/** URL of the daemon with this configuration, from the same machine. */
export function listeningAt({ host, port }: { host: string; port: number }): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** An answer, or why no whole one came in time. */
export type Fetched =
  | { status: number; text: string; headers: IncomingHttpHeaders; certificateEnds: string | undefined }
  | { status: undefined; text: ''; why: string }

/** Gets a URL, and follows no redirect. The time covers all of it. */
export async function fetchText(
  url: string,
  {
    token,
    timeoutMs = 5000,
    headers: more = {},
  }: { token?: string | undefined; timeoutMs?: number; headers?: Record<string, string> } = {},
): Promise<Fetched> {
  const headers = { ...more, ...(token !== undefined && { Authorization: `Bearer ${token}` }) }
  if (url.startsWith('https:')) trustSystemCertificates()
  // Loaded when it is needed, in a way that the single file has, too.
  const { request } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http')
  return await new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const failed = (error: unknown) => {
      const why = signal.aborted ? `no whole answer in ${formatDuration(timeoutMs)}` : systemReason(error)
      resolve({ status: undefined, text: '', why: `${why} from ${url}` })
    }
    const call = request(url, { signal, headers, agent: false }, (response: IncomingMessage) => {
      const { socket, headers, statusCode: status = 0 } = response
      const certificateEnds =
        'getPeerCertificate' in socket ? (socket as TLSSocket).getPeerCertificate().valid_to : undefined
      text(response).then((body) => resolve({ status, text: body, headers, certificateEnds }), failed)
    })
    call.on('error', failed)
    call.end()
  })
}

/** Asks whether a daemon can serve sign-ins (`/readiness`), or only whether it runs (`/health`). */
export async function probe(
  base: string,
  { isForReady, timeoutMs }: { isForReady: boolean; timeoutMs: number },
): Promise<Fetched> {
  return await fetchText(`${base}${isForReady ? '/readiness' : '/health'}`, { timeoutMs })
}

/** What a daemon reports about itself. */
export interface Running {
  version: string
  uptime_seconds: number
  ready: boolean
  /** What does not work, one line each. */
  problems: string[]
}

const PROBE_MS = 2000

/** Returns null if no daemon answers. */
export async function askDaemon(address: string): Promise<Running | null> {
  const health = await probe(address, { isForReady: false, timeoutMs: PROBE_MS })
  if (health.status !== 200) return null
  const { status, text } = await probe(address, { isForReady: true, timeoutMs: PROBE_MS })
  const { version, uptime_seconds } = statedIn(health.text)
  // Another program may listen there.
  if (version === undefined || uptime_seconds === undefined) return null
  return { version, uptime_seconds, ready: status === 200, problems: problemsIn(text) }
}

/** The problems in an answer of /readiness, one line each: `database since 2026-11-25T12:00:00Z: the disk is full`. */
export function problemsIn(text: string): string[] {
  const { problems } = statedIn(text)
  if (!Array.isArray(problems)) return []
  return problems.map(({ what, reason, since }) => `${what}${since === null ? '' : ` since ${since}`}: ${reason}`)
}

interface Stated extends Partial<Pick<Running, 'version' | 'uptime_seconds'>> {
  problems?: { what: string; reason: string; since: string | null }[]
}

/** What a daemon says of itself. Nothing, if it was not a daemon that answered. */
function statedIn(text: string): Stated {
  try {
    const stated: unknown = JSON.parse(text)
    return typeof stated === 'object' && stated !== null ? stated : {}
  } catch {
    return {}
  }
}

/** The daemon's metrics in Prometheus' text format, or the reason why there are none. */
export async function fetchMetrics(
  { metrics, server }: Pick<Config, 'metrics' | 'server'>,
  { url, timeoutMs }: { url?: string | undefined; timeoutMs?: number } = {},
): Promise<{ text: string } | { why: string }> {
  const { listen, token, enabled } = metrics
  if (!enabled) return { why: 'metrics.enabled is false' }
  const base = url ?? (listen === undefined ? listeningAt(server) : `http://${listen}`)
  const answer = await fetchText(`${base}/metrics`, { token, ...(timeoutMs !== undefined && { timeoutMs }) })
  if (answer.status === 200) return { text: answer.text }
  return { why: answer.status === undefined ? answer.why : `HTTP ${answer.status} from ${base}` }
}
