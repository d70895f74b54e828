import { parseLine } from './prometheus.ts'

/** The metrics of a daemon at one moment. */
export interface Scrape {
  version: string | null
  /** Epoch milliseconds. */
  startedAt: number | null
  residentBytes: number | null
  cpuSeconds: number | null
  /** 99th percentile of the event loop's delay since /metrics was last read. */
  loopLagMs: number | null
  /** Counters: `requests`, `errors`, and `le:0.005` for requests that took at most 5 ms. */
  counters: Record<string, number>
}

/** Requests of the live view itself are not counted. */
const OWN_PATHS = new Set(['/metrics', '/health', '/readiness', '/liveness'])
/** The timer that measures the loop has this period, which is not lag. */
const LOOP_TIMER_MS = 10

const DURATION = 'http_request_duration_seconds'

export function parseScrape(text: string): Scrape {
  const counters: Record<string, number> = { requests: 0, errors: 0 }
  const gauges: Record<string, number> = {}
  let version: string | null = null
  const add = (name: string, value: number) => {
    counters[name] = (counters[name] ?? 0) + value
  }
  for (const line of text.split('\n')) {
    const sample = parseLine(line)
    if (!sample) continue
    const { name, labels, value } = sample
    const isServed = !OWN_PATHS.has(labels['path'] ?? '')
    if (name === `${DURATION}_bucket` && isServed) add(`le:${labels['le']}`, value)
    else if (name === `${DURATION}_count` && isServed) {
      add('requests', value)
      if (labels['status']?.startsWith('5')) add('errors', value)
    } else if (name === 'authd_build_info') version = labels['version'] ?? null
    else if (Object.keys(labels).length === 0) gauges[name] = value
  }
  const startedAt = gauges['process_start_time_seconds']
  const lag = gauges['nodejs_eventloop_lag_p99_seconds']
  return {
    version,
    startedAt: startedAt === undefined ? null : startedAt * 1000,
    residentBytes: gauges['process_resident_memory_bytes'] ?? null,
    cpuSeconds: gauges['process_cpu_seconds_total'] ?? null,
    loopLagMs: lag === undefined || Number.isNaN(lag) ? null : Math.max(0, lag * 1000 - LOOP_TIMER_MS),
    counters,
  }
}
