import type { MetricName } from './metrics.ts'

interface Panel {
  title: string
  unit: 's' | 'reqps' | 'percentunit' | 'short' | 'bytes'
  series: { expr: string; legend: string }[]
}

const SELECT = 'job=~"$job",instance=~"$instance"'
const of = (name: MetricName, suffix = '', labels = '') => `${name}${suffix}{${SELECT}${labels}}`
const ours = (name: string) => `${name}{${SELECT}}`
const rate = (series: string, by = '') => `sum${by === '' ? '' : ` by (${by})`} (rate(${series}[$__rate_interval]))`
const quantile = (q: number, name: MetricName) =>
  `histogram_quantile(${q}, sum by (le) (rate(${of(name, '_bucket')}[$__rate_interval])))`
const good = of('auth_attempts_total', '', ',status="success"')

/** The panels, with the most important question first. */
export const ROWS: readonly { title: string; panels: Panel[] }[] = [
  {
    title: 'Can users sign in?',
    panels: [
      { title: 'Sign-ins', unit: 'reqps', series: [{ expr: rate(good, 'method'), legend: '{{method}}' }] },
      {
        title: 'Rejected proofs',
        unit: 'reqps',
        series: [
          {
            expr: rate(of('auth_attempts_total', '', ',status="failure"'), 'method, reason'),
            legend: '{{method}} {{reason}}',
          },
        ],
      },
      {
        title: 'Share of accepted proofs',
        unit: 'percentunit',
        series: [{ expr: `${rate(good)} / ${rate(of('auth_attempts_total'))}`, legend: 'accepted' }],
      },
      {
        title: 'Live sessions',
        unit: 'short',
        series: [{ expr: `max(${of('active_sessions')})`, legend: 'sessions' }],
      },
    ],
  },
  {
    title: 'Mail and webhooks',
    panels: [
      {
        title: 'Mails',
        unit: 'reqps',
        series: [
          { expr: rate(of('emails_sent_total')), legend: 'sent' },
          { expr: rate(of('emails_failed_total')), legend: 'given up' },
        ],
      },
      {
        title: 'Waiting',
        unit: 'short',
        series: [
          { expr: `max(${of('email_queue_depth', '', ',state="pending"')})`, legend: 'mails' },
          { expr: `max(${of('webhook_queue_depth')})`, legend: 'deliveries' },
        ],
      },
      {
        title: 'Webhook tries',
        unit: 'reqps',
        series: [{ expr: rate(of('webhook_deliveries_total'), 'status'), legend: '{{status}}' }],
      },
    ],
  },
  {
    title: 'HTTP and database',
    panels: [
      {
        title: 'Requests',
        unit: 'reqps',
        series: [{ expr: rate(of('http_request_duration_seconds', '_count'), 'status'), legend: '{{status}}' }],
      },
      {
        title: 'Latency',
        unit: 's',
        series: [
          { expr: quantile(0.5, 'http_request_duration_seconds'), legend: 'p50' },
          { expr: quantile(0.99, 'http_request_duration_seconds'), legend: 'p99' },
        ],
      },
      {
        title: 'Database statements, p99',
        unit: 's',
        series: [{ expr: quantile(0.99, 'db_query_duration_seconds'), legend: 'p99' }],
      },
      {
        title: 'Event loop lag, p99',
        unit: 's',
        series: [{ expr: ours('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}}' }],
      },
      {
        title: 'Memory',
        unit: 'bytes',
        series: [{ expr: ours('process_resident_memory_bytes'), legend: '{{instance}}' }],
      },
    ],
  },
  {
    title: 'Threats',
    panels: [
      {
        title: 'Rate limited',
        unit: 'reqps',
        series: [{ expr: rate(of('rate_limit_hits_total'), 'type'), legend: '{{type}}' }],
      },
      {
        title: 'Blocked by the IP filter',
        unit: 'reqps',
        series: [{ expr: rate(of('ip_filter_hits_total'), 'scope'), legend: '{{scope}}' }],
      },
      {
        title: 'Lockouts',
        unit: 'reqps',
        series: [{ expr: rate(of('account_lockouts_total')), legend: 'lockouts' }],
      },
      {
        title: 'Revoked sessions',
        unit: 'reqps',
        series: [{ expr: rate(of('sessions_revoked_total'), 'reason'), legend: '{{reason}}' }],
      },
    ],
  },
]

const WIDTH = 24
const HEIGHT = 8
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana replaces it at import
const DATASOURCE = { type: 'prometheus', uid: '${DS_PROMETHEUS}' }

/** The dashboard as Grafana imports it. */
export function dashboard(): string {
  const panels: object[] = []
  let y = 0
  for (const row of ROWS) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    })
    y += 1
    const w = Math.floor(WIDTH / Math.min(4, row.panels.length))
    row.panels.forEach((panel, at) => {
      const column = at % 4
      panels.push(timeSeries(panel, { id: panels.length + 1, x: column * w, y: y + Math.floor(at / 4) * HEIGHT, w }))
    })
    y += Math.ceil(row.panels.length / 4) * HEIGHT
  }
  const variable = (name: string, query: string) => ({
    ...{ name, type: 'query', datasource: DATASOURCE, query, refresh: 2, includeAll: true, multi: true },
    current: { text: 'All', value: '$__all' },
  })
  const up = 'http_request_duration_seconds_count' satisfies `${MetricName}_count`
  const made = {
    __inputs: [{ name: 'DS_PROMETHEUS', label: 'Prometheus', type: 'datasource', pluginId: 'prometheus' }],
    title: 'authd',
    uid: 'authd',
    schemaVersion: 39,
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    templating: {
      list: [
        variable('job', `label_values(${up}, job)`),
        variable('instance', `label_values(${up}{job=~"$job"}, instance)`),
      ],
    },
    panels,
  }
  return `${JSON.stringify(made, null, 2)}\n`
}

function timeSeries({ title, unit, series }: Panel, { id, x, y, w }: { id: number; x: number; y: number; w: number }) {
  return {
    ...{ id, type: 'timeseries', title, datasource: DATASOURCE, gridPos: { x, y, w, h: HEIGHT } },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: series.map(({ expr, legend }, at) => ({
      ...{ refId: String.fromCharCode(65 + at), datasource: DATASOURCE, expr, legendFormat: legend },
    })),
  }
}
