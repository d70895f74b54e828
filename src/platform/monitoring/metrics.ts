import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

interface Described {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  buckets?: readonly number[]
}

/** All metrics of authd. Labels have few values: never a user, an address or the raw path of a request. */
export const METRICS = {
  auth_attempts_total: {
    type: 'counter',
    help: 'Proofs that were checked: links, codes, passkeys, refresh tokens.',
    labels: ['method', 'status', 'reason'],
  },
  emails_sent_total: { type: 'counter', help: 'Mails that the mail server accepted.', labels: ['template'] },
  emails_failed_total: { type: 'counter', help: 'Mails that authd gave up.', labels: ['template'] },
  token_refreshes_total: { type: 'counter', help: 'Refresh tokens that were exchanged.', labels: [] },
  sessions_created_total: { type: 'counter', help: 'Sessions that began.', labels: [] },
  sessions_revoked_total: {
    type: 'counter',
    help: 'Sessions that were revoked before they expired.',
    labels: ['reason'],
  },
  rate_limit_hits_total: { type: 'counter', help: 'Requests rejected by a rate limit.', labels: ['type'] },
  ip_filter_hits_total: { type: 'counter', help: 'Requests blocked by the IP filter.', labels: ['scope'] },
  account_lockouts_total: {
    type: 'counter',
    help: 'Lockouts: wrong codes locked or disabled a factor.',
    labels: [],
  },
  http_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of requests. The label path is the pattern of the route.',
    labels: ['method', 'path', 'status'],
    // Each makes a series for every route and status. The alert compares with a second.
    buckets: [0.01, 0.05, 0.2, 1, 5],
  },
  db_query_duration_seconds: {
    type: 'histogram',
    help: 'Duration of database statements.',
    labels: ['type'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2.5],
  },
  webhook_deliveries_total: {
    type: 'counter',
    help: 'Tries to send an event to a webhook endpoint.',
    labels: ['status'],
  },
  active_sessions: { type: 'gauge', help: 'Live sessions of all instances. Aggregate with max.', labels: [] },
  email_queue_depth: {
    type: 'gauge',
    help: 'Waiting and failed mails of all instances. Aggregate with max.',
    labels: ['state'],
  },
  email_queue_oldest_timestamp_seconds: {
    type: 'gauge',
    help: 'Time when the oldest waiting mail was queued, or 0 if no mail waits.',
    labels: [],
  },
  webhook_queue_depth: {
    type: 'gauge',
    help: 'Waiting webhook deliveries of all instances. Aggregate with max.',
    labels: [],
  },
  webhook_endpoints_paused: { type: 'gauge', help: 'Webhook endpoints that are paused.', labels: [] },
  backup_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'Time of the last backup by authd backup create, or 0 if there was none. Aggregate with max.',
    labels: [],
  },
  signing_key_signs_from_timestamp_seconds: {
    type: 'gauge',
    help: 'Time when the current signing key began to sign.',
    labels: [],
  },
  clock_steps_total: { type: 'counter', help: 'Steps of the clock, forward or back.', labels: [] },
  config_last_reload_successful: {
    type: 'gauge',
    help: '1 if the last reload of the configuration succeeded, else 0.',
    labels: [],
  },
  config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'Time of the last successful load of the configuration.',
    labels: [],
  },
  log_lines_lost_total: {
    type: 'counter',
    help: 'Log lines that could not be written, because the disk was full or nobody read them.',
    labels: [],
  },
  authd_database_up: {
    type: 'gauge',
    help: '1 if the database can be written, else 0. Other gauges then keep their last values.',
    labels: [],
  },
  authd_trouble_since_timestamp_seconds: {
    type: 'gauge',
    help: 'Time since when something does not work, or 0 if it works.',
    labels: ['what'],
  },
  authd_build_info: {
    type: 'gauge',
    help: 'Always 1. The labels say what runs.',
    labels: ['version', 'commit', 'node'],
  },
} as const satisfies Record<string, Described>

export type MetricName = keyof typeof METRICS
type Labels<Name extends MetricName> = Record<(typeof METRICS)[Name]['labels'][number], string>
type Named<Type extends Described['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never
}[MetricName]

/** An unknown name or label does not compile. Recording a value never fails its caller. */
export interface Metrics {
  count<Name extends Named<'counter'>>(name: Name, labels: Labels<Name>): void
  /** Seconds. */
  observe<Name extends Named<'histogram'>>(name: Name, labels: Labels<Name>, seconds: number): void
  set<Name extends Named<'gauge'>>(name: Name, labels: Labels<Name>, value: number): void
  /** The text that Prometheus reads, and its content type. */
  render(): Promise<{ text: string; contentType: string }>
}

/** Creates the metrics with prom-client, and those default metrics that pass promtool. */
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
