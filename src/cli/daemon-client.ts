import { request } from 'node:http'
import type { Config } from '../config/schema.ts'

/** URL of the daemon with this configuration, from the same machine. */
export function listeningAt({ host, port }: { host: string; port: number }): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** Gets a URL. The status is undefined if no whole answer came in time. */
export function fetchText(
  url: string,
  { token, timeoutMs = 5000 }: { token?: string | undefined; timeoutMs?: number } = {},
): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve) => {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const call = request(url, { signal: AbortSignal.timeout(timeoutMs), headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more) => {
        text += more
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
      response.on('error', () => resolve({ status: undefined, text: '' }))
    })
    call.on('error', () => resolve({ status: undefined, text: '' }))
    call.end()
  })
}

/** What a daemon reports about itself. */
export interface Running {
  version: string
  uptime_seconds: number
  ready: boolean
  /** What does not work, one line each. */
  problems: string[]
}

/** Returns null if no daemon answers. */
export async function askDaemon(address: string): Promise<Running | null> {
  const health = await fetchText(`${address}/health`, { timeoutMs: 2000 })
  if (health.status !== 200) return null
  const { status, text } = await fetchText(`${address}/readiness`, { timeoutMs: 2000 })
  const { version, uptime_seconds } = JSON.parse(health.text) as Pick<Running, 'version' | 'uptime_seconds'>
  return { version, uptime_seconds, ready: status === 200, problems: problemsIn(text) }
}

/** The problems in an answer of /readiness, one line each: `database since 2026-11-25T12:00:00Z: the disk is full`. */
export function problemsIn(text: string): string[] {
  try {
    const { problems = [] } = JSON.parse(text) as {
      problems?: { what: string; reason: string; since: string | null }[]
    }
    return problems.map(({ what, reason, since }) => `${what}${since === null ? '' : ` since ${since}`}: ${reason}`)
  } catch {
    return []
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
  const { status, text } = await fetchText(`${base}/metrics`, { token, ...(timeoutMs !== undefined && { timeoutMs }) })
  if (status === 200) return { text }
  return { why: status === undefined ? `no answer from ${base}` : `HTTP ${status} from ${base}` }
}
