import type { MetricName } from './metrics.ts'

interface Alert {
  name: string
  expr: string
  /** How long the condition must hold, as a Prometheus duration. */
  for?: string
  severity: 'critical' | 'warning'
  summary: string
  /** The commands to run first. */
  runbook: string
}

const JOB = 'job="authd"'
/** A series of authd by its name. An unknown name does not compile. */
const of = (name: MetricName, suffix = '', labels = '') => `${name}${suffix}{${JOB}${labels}}`
const failures = of('auth_attempts_total', '', ',status="failure"')

/** The alerts: symptoms that users notice, and what soon becomes one. */
export const ALERTS: readonly Alert[] = [
  {
    name: 'AuthdDown',
    expr: `up{${JOB}} == 0`,
    for: '2m',
    severity: 'critical',
    summary: 'authd does not answer. Nobody can sign in on this instance.',
    runbook: 'authd healthcheck; journalctl -u authd -n 50',
  },
  {
    name: 'AuthdDatabaseDown',
    expr: `${of('authd_database_up')} == 0`,
    for: '1m',
    severity: 'critical',
    summary: 'The database cannot be written. Nobody can sign in on this instance.',
    runbook: 'authd healthcheck --ready; journalctl -u authd -g "trouble began" -n 5',
  },
  {
    name: 'AuthdErrorRatioHigh',
    expr: `sum by (instance) (rate(${of('http_request_duration_seconds', '_count', ',status=~"5.."')}[5m])) / sum by (instance) (rate(${of('http_request_duration_seconds', '_count')}[5m])) > 0.02`,
    for: '10m',
    severity: 'critical',
    summary: 'More than 2 % of all requests end in a server error.',
    runbook: 'journalctl -u authd -p err -n 50',
  },
  {
    name: 'AuthdLatencyHigh',
    expr: `histogram_quantile(0.99, sum by (le) (rate(${of('http_request_duration_seconds', '_bucket', ',path!="/metrics"')}[5m]))) > 1`,
    for: '15m',
    severity: 'warning',
    summary: 'One request in a hundred takes longer than one second.',
    runbook: 'authd healthcheck --ready; is the disk slow or full?',
  },
  {
    name: 'AuthdEmailStuck',
    expr: `(time() - ${of('email_queue_oldest_timestamp_seconds')} > 300) and ${of('email_queue_oldest_timestamp_seconds')} > 0`,
    for: '5m',
    severity: 'critical',
    summary: 'Mails have waited for more than five minutes. Nobody can sign in by mail.',
    runbook: 'authd email queue --state pending; authd email test you@example.com',
  },
  {
    name: 'AuthdEmailsFailing',
    expr: `sum(rate(${of('emails_failed_total')}[15m])) > 0.2 * (sum(rate(${of('emails_sent_total')}[15m])) + sum(rate(${of('emails_failed_total')}[15m])))`,
    for: '15m',
    severity: 'warning',
    summary: 'More than a fifth of all mails fail.',
    runbook: 'authd email queue --state failed',
  },
  {
    name: 'AuthdWebhooksFailing',
    expr: `sum(rate(${of('webhook_deliveries_total', '', ',status="failure"')}[15m])) > 0.5 * sum(rate(${of('webhook_deliveries_total')}[15m]))`,
    for: '30m',
    severity: 'warning',
    summary: 'More than half of all webhook deliveries fail.',
    runbook: 'authd webhooks list; authd webhooks deliveries --state pending',
  },
  {
    name: 'AuthdWebhookPaused',
    expr: `max(${of('webhook_endpoints_paused')}) > 0`,
    for: '1h',
    severity: 'warning',
    summary: 'A webhook endpoint is paused: it is gone, failed for three days, or an operator paused it.',
    runbook: 'authd webhooks list; authd webhooks update ID --resume',
  },
  {
    name: 'AuthdSignInFailuresSpike',
    expr: `sum(rate(${failures}[10m])) > 5 * sum(rate(${failures}[10m] offset 1d)) + 0.5`,
    for: '10m',
    severity: 'warning',
    summary: 'Five times as many proofs fail as at this time yesterday.',
    runbook: 'authd audit list --outcome failure --since 1h',
  },
  {
    name: 'AuthdLockouts',
    expr: `sum(increase(${of('account_lockouts_total')}[1h])) > 20`,
    severity: 'warning',
    summary: 'Wrong codes locked more than 20 factors within an hour.',
    runbook: 'authd lockouts list; authd audit list --event user.locked --since 1h',
  },
  {
    name: 'AuthdClockStepped',
    expr: `increase(${of('clock_steps_total')}[1h]) > 0`,
    severity: 'warning',
    summary: 'The clock of this machine was stepped. Sessions, codes and limits depend on it.',
    runbook: 'journalctl -u authd -g "clock was stepped"; timedatectl status',
  },
  {
    name: 'AuthdLogLinesLost',
    expr: `increase(${of('log_lines_lost_total')}[15m]) > 0`,
    severity: 'warning',
    summary: 'Log lines could not be written. The disk is full, or the reader of the log stands still.',
    runbook: 'authd healthcheck --ready; df -h',
  },
  {
    name: 'AuthdBackupOld',
    expr: `(time() - max(${of('backup_last_success_timestamp_seconds')}) > 172800) and max(${of('backup_last_success_timestamp_seconds')}) > 0`,
    for: '1h',
    severity: 'warning',
    summary: 'The last backup of authd backup create is more than two days old.',
    runbook: 'authd backup list; systemctl status authd-backup.timer authd-backup.service',
  },
  {
    name: 'AuthdConfigNotReloaded',
    expr: `${of('config_last_reload_successful')} == 0`,
    for: '5m',
    severity: 'warning',
    summary: 'The configuration file is invalid. The previous configuration is still in force.',
    runbook: 'authd config check',
  },
]

/** The alert rules as a Prometheus rule file. */
export function alertRules(): string {
  const rules = ALERTS.map((alert) =>
    [
      `      - alert: ${alert.name}`,
      `        expr: ${quote(alert.expr)}`,
      ...(alert.for === undefined ? [] : [`        for: ${alert.for}`]),
      `        labels: { severity: ${alert.severity} }`,
      '        annotations:',
      `          summary: ${quote(alert.summary)}`,
      `          runbook: ${quote(alert.runbook)}`,
    ].join('\n'),
  )
  return `# Made by npm run generate from src/platform/monitoring/alerts.ts; authd metrics alerts prints it.
groups:
  - name: authd
    rules:
${rules.join('\n')}
`
}

/** A YAML string, in the quotes that need no escapes here. */
function quote(text: string): string {
  return text.includes('"') ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text)
}
