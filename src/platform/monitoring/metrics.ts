import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

interface Described {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  buckets?: readonly number[]
}

/** Every number of ours. Labels have few values, and never a person, an address or a path as it was sent. */
export const METRICS = {
  auth_attempts_total: {
    type: 'counter',
    help: 'Proofs that were offered: a sign-in that ended, a code, a passkey, a refresh token.',
    labels: ['method', 'status', 'reason'],
  },
  emails_sent_total: { type: 'counter', help: 'Mails that the relay has accepted.', labels: ['template'] },
  emails_failed_total: { type: 'counter', help: 'Mails that were given up.', labels: ['template'] },
  token_refreshes_total: { type: 'counter', help: 'Refresh tokens that were exchanged.', labels: [] },
  sessions_created_total: { type: 'counter', help: 'Sessions that began.', labels: [] },
  sessions_revoked_total: { type: 'counter', help: 'Sessions that were ended before their time.', labels: ['reason'] },
  rate_limit_hits_total: { type: 'counter', help: 'Requests refused because a limit was reached.', labels: ['type'] },
  ip_filter_hits_total: { type: 'counter', help: 'Requests refused by the IP filter.', labels: ['scope'] },
  account_lockouts_total: {
    type: 'counter',
    help: 'Number of times that wrong codes locked a factor.',
    labels: [],
  },
  http_request_duration_seconds: {
    type: 'histogram',
    help: 'Time to answer a request; path is the pattern of its route.',
    labels: ['method', 'path', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  db_query_duration_seconds: {
    type: 'histogram',
    help: 'Time of a statement of the database.',
    labels: ['type'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  webhook_deliveries_total: {
    type: 'counter',
    help: 'Tries to deliver an event to an endpoint.',
    labels: ['status'],
  },
  active_sessions: { type: 'gauge', help: 'Live sessions, of all instances: take the max of them.', labels: [] },
  email_queue_depth: { type: 'gauge', help: 'Mails by state, of all instances.', labels: ['state'] },
  email_queue_oldest_timestamp_seconds: {
    type: 'gauge',
    help: 'When the oldest mail that waits was queued; 0: none waits.',
    labels: [],
  },
  webhook_queue_depth: { type: 'gauge', help: 'Deliveries that wait, of all instances.', labels: [] },
  webhook_endpoints_paused: { type: 'gauge', help: 'Endpoints that get nothing.', labels: [] },
  signing_key_signs_from_timestamp_seconds: { type: 'gauge', help: 'Since when the key of today signs.', labels: [] },
  config_last_reload_successful: {
    type: 'gauge',
    help: '1: the configuration in force is that of the file.',
    labels: [],
  },
  config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the configuration was last read without fault.',
    labels: [],
  },
  authd_build_info: { type: 'gauge', help: 'Always 1: what runs.', labels: ['version', 'commit', 'node'] },
} as const satisfies Record<string, Described>

export type MetricName = keyof typeof METRICS
type Labels<Name extends MetricName> = Record<(typeof METRICS)[Name]['labels'][number], string>
type Named<Type extends Described['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never
}[MetricName]

/** A name or label that is none does not compile, and nothing that is recorded can fail its caller. */
export interface Metrics {
  count<Name extends Named<'counter'>>(name: Name, labels: Labels<Name>): void
  /** Seconds. */
  observe<Name extends Named<'histogram'>>(name: Name, labels: Labels<Name>, seconds: number): void
  set<Name extends Named<'gauge'>>(name: Name, labels: Labels<Name>, value: number): void
  /** What Prometheus reads, and its content type. */
  render(): Promise<{ text: string; contentType: string }>
}

/** prom-client with our names, and of its own those that promtool finds no fault in. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of ['handles', 'requests', 'resources']) {
    registry.removeSingleMetric(`nodejs_active_${name}`)
    registry.removeSingleMetric(`nodejs_active_${name}_total`)
  }
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  for (const [name, described] of Object.entries(METRICS) as [string, Described][]) {
    const { type, help, labels: labelNames, buckets = [] } = described
    const about = { name, help, labelNames: [...labelNames], registers: [registry] }
    if (type === 'counter') counters.set(name, new Counter(about))
    else if (type === 'gauge') gauges.set(name, new Gauge(about))
    else histograms.set(name, new Histogram({ ...about, buckets: [...buckets] }))
  }
  return {
    count: (name, labels) => counters.get(name)?.inc(labels),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  }
}
