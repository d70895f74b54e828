import { readOverview } from '../../flows/operator/status-counts.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { formatDuration } from '../../platform/duration.ts'
import { operation } from '../command.ts'
import { askDaemon, listeningAt, type Running } from '../daemon-client.ts'
import { daemonUrlFlag } from '../flags.ts'
import { renderCard } from '../output/card.ts'
import type { Output } from '../output/output.ts'

const SECOND = 1000

export default operation({
  examples: ['authd status', 'authd status --json'],
  flags: { url: daemonUrlFlag({ description: 'Address of the daemon. Defaults to the configured one.' }) },
  async run(deps, { flags, out }) {
    const config = deps.config.current()
    const address = flags.url ?? listeningAt(config.server)
    const daemon = await askDaemon(address)
    const startedAt = performance.now()
    const overview = await readOverview(deps)
    const ms = performance.now() - startedAt
    const result = {
      running: daemon !== null,
      address,
      version: daemon?.version ?? null,
      uptime_seconds: daemon?.uptime_seconds ?? null,
      ready: daemon?.ready ?? false,
      problems: daemon?.problems ?? [],
      database: config.database.url === undefined ? config.database.path : 'postgresql',
      database_ms: Math.round(ms * 10) / 10,
      users: overview.users,
      active_sessions: overview.liveSessions,
      audit_logs: overview.auditLogs,
      mails_pending: overview.mailsByState.pending ?? 0,
      mails_failed: overview.mailsByState.failed ?? 0,
      oldest_pending_mail_at: timeOrNull(overview.oldestPendingMailAt),
      deliveries_pending: overview.webhooks.waiting,
      webhooks_paused: overview.webhooks.paused,
      signing_key_since: timeOrNull(overview.keySignsFrom),
    }
    out.object(result, renderCard(rowsOf(out, result, daemon)))
    if (!daemon) process.exitCode = 1
  },
})

interface Result {
  address: string
  database: string
  database_ms: number
  users: number
  active_sessions: number
  audit_logs: number
  mails_pending: number
  mails_failed: number
  oldest_pending_mail_at: string | null
  deliveries_pending: number
  webhooks_paused: number
  signing_key_since: string | null
}

function rowsOf(out: Output, result: Result, daemon: Running | null): [string, string | null][] {
  const oldest = result.oldest_pending_mail_at
  const waiting = oldest === null ? '' : `, the oldest since ${out.time(oldest)}`
  const state = daemon
    ? `running ${daemon.version} for ${formatDuration(daemon.uptime_seconds * SECOND)}${daemon.ready ? '' : ', not ready'}`
    : `does not answer at ${result.address}`
  return [
    ['daemon', state],
    ...(daemon?.problems ?? []).map((problem): [string, string] => ['problem', problem]),
    ['address', result.address],
    ['database', `${result.database}, answers in ${result.database_ms} ms`],
    ['users', `${result.users}, live sessions ${result.active_sessions}`],
    ['mail', `${result.mails_pending} waiting${waiting}, ${result.mails_failed} failed`],
    ['webhooks', `${result.deliveries_pending} deliveries waiting, ${result.webhooks_paused} endpoints paused`],
    ['audit log', `up to number ${result.audit_logs}`],
    ['signing key', out.time(result.signing_key_since)],
  ]
}

function timeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : toRfc3339(epochMs)
}
