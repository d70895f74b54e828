import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
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

/** The largest answers that a daemon gives are its metrics. Another program may send without end. */
const MOST_BYTES = 1024 * 1024
const MOST_METRICS_BYTES = 16 * MOST_BYTES

/** Gets a URL, and follows no redirect. The time covers all of it. */
export async function fetchText(
  url: string,
  {
    token,
    timeoutMs = 5000,
    maxBytes = MOST_BYTES,
    headers: more = {},
  }: {
    token?: string | undefined
    timeoutMs?: number
    maxBytes?: number
    headers?: Record<string, string>
  } = {},
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
      textOf(response, maxBytes).then((body) => resolve({ status, text: body, headers, certificateEnds }), failed)
    })
    call.on('error', failed)
    call.end()
  })
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length
    if (size > maxBytes) throw new Error(`an answer of more than ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
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
  if (typeof version !== 'string' || typeof uptime_seconds !== 'number') return null
  return { version, uptime_seconds, ready: status === 200, problems: problemsIn(text) }
}

/** The problems in an answer of /readiness, one line each: `database since 2026-11-25T12:00:00Z: the disk is full`. */
export function problemsIn(text: string): string[] {
  const { problems } = statedIn(text)
  if (!Array.isArray(problems)) return []
  return problems.flatMap((problem: unknown) => {
    const { what, reason, since } = fieldsOf(problem)
    if (typeof what !== 'string' || typeof reason !== 'string') return []
    return `${what}${typeof since === 'string' ? ` since ${since}` : ''}: ${reason}`
  })
}

/** What a daemon says of itself. It may be another program that answered, so each field can be anything. */
function statedIn(text: string): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return {}
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The daemon's metrics in Prometheus' text format, or the reason why there are none. */
export async function fetchMetrics(
  { metrics, server }: Pick<Config, 'metrics' | 'server'>,
  { url, timeoutMs }: { url?: string | undefined; timeoutMs?: number } = {},
): Promise<{ text: string } | { why: string }> {
  const { listen, token, enabled } = metrics
  if (!enabled) return { why: 'metrics.enabled is false' }
  const base = url ?? (listen === undefined ? listeningAt(server) : `http://${listen}`)
  const answer = await fetchText(`${base}/metrics`, {
    token,
    maxBytes: MOST_METRICS_BYTES,
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  if (answer.status === 200) return { text: answer.text }
  return { why: answer.status === undefined ? answer.why : `HTTP ${answer.status} from ${base}` }
}
