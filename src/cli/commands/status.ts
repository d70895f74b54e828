import { ERRORS } from '../../errors.ts'
import { type Overview, readOverview } from '../../flows/operator/status-counts.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { exposedDatabase } from '../../startup/open-database.ts'
import { command } from '../command.ts'
import { askDaemon, listeningAt, type Running } from '../daemon-client.ts'
import { withDatabase } from '../database.ts'
import { daemonUrlFlag } from '../flags.ts'
import { renderCard } from '../output/card.ts'
import type { Output } from '../output/output.ts'
import { showSpan } from '../top/figures.ts'

const SECOND = 1000

export default command({
  description: 'Exit code 1: no daemon answers. Exit code 69: it or the database cannot be used, for the reason shown.',
  examples: ['authd status', 'authd status --json'],
  flags: { url: daemonUrlFlag({ description: 'Address of the daemon. Defaults to the configured one.' }) },
  async run({ flags, out, loadConfig }) {
    let { config } = await loadConfig()
    let seen: Seen | undefined
    let failure: unknown
    try {
      await withDatabase(flags, async (deps) => {
        config = deps.config.current()
        const startedAt = performance.now()
        const overview = await readOverview(deps)
        seen = { overview, ms: performance.now() - startedAt }
      })
    } catch (error) {
      // The daemon may know since when, so it is asked all the same.
      failure = error
    }
    const address = flags.url ?? listeningAt(config.server)
    const daemon = await askDaemon(address)
    const result = {
      running: daemon !== null,
      address,
      version: daemon?.version ?? null,
      uptime_seconds: daemon?.uptime_seconds ?? null,
      ready: daemon?.ready ?? false,
      problems: daemon?.problems ?? [],
      database: config.database.url === undefined ? config.database.path : 'postgresql',
      database_ms: seen ? Math.round(seen.ms * 10) / 10 : null,
      ...countsIn(seen?.overview),
    }
    const exposed = exposedDatabase(config)
    if (exposed !== undefined) out.hint(`warning: ${exposed}. See: authd doctor --only files --fix`)
    out.object(result, renderCard([...rowsAbout(result, daemon), ...(seen ? rowsOf(out, seen) : [])]))
    if (failure !== undefined) throw failure
    if (!result.ready) process.exitCode = daemon ? ERRORS.UNAVAILABLE.exit : 1
  },
})

/** What the database said, and how long that took. */
interface Seen {
  overview: Overview
  ms: number
}

/** All null where the database did not answer. */
function countsIn(overview: Overview | undefined) {
  return {
    users: overview?.users ?? null,
    active_sessions: overview?.liveSessions ?? null,
    audit_logs: overview?.auditLogs ?? null,
    mails_pending: overview?.mailsByState.pending ?? null,
    mails_failed: overview?.mailsByState.failed ?? null,
    oldest_pending_mail_at: timeOrNull(overview?.oldestPendingMailAt ?? null),
    deliveries_pending: overview?.webhooks.waiting ?? null,
    webhooks_paused: overview?.webhooks.paused ?? null,
    signing_key_since: timeOrNull(overview?.keySignsFrom ?? null),
    lockdown_since: timeOrNull(overview?.lockdownSince ?? null),
    mail_paused: overview?.isMailPaused ?? null,
  }
}

function rowsAbout(
  { address, database, database_ms }: { address: string; database: string; database_ms: number | null },
  daemon: Running | null,
): [string, string | null][] {
  const state = daemon
    ? `running ${daemon.version} for ${showSpan(daemon.uptime_seconds * SECOND)}${daemon.ready ? '' : ', not ready'}`
    : `does not answer at ${address}`
  return [
    ['daemon', state],
    ...(daemon?.problems ?? []).map((problem): [string, string] => ['problem', problem]),
    ['address', address],
    ['database', `${database}, ${database_ms === null ? 'cannot be used' : `answers in ${database_ms} ms`}`],
  ]
}

function rowsOf(out: Output, { overview }: Seen): [string, string | null][] {
  const { users, liveSessions, auditLogs, mailsByState, webhooks, lockdownSince, isMailPaused } = overview
  const oldest = timeOrNull(overview.oldestPendingMailAt)
  const waiting = oldest === null ? '' : `, the oldest since ${out.time(oldest)}`
  const closed: [string, string][] =
    lockdownSince === null ? [] : [['lockdown', `on since ${out.time(toRfc3339(lockdownSince))}`]]
  return [
    ...closed,
    ['users', `${users}, live sessions ${liveSessions}`],
    [
      'mail',
      `${mailsByState.pending} waiting${waiting}, ${mailsByState.failed} failed${isMailPaused ? ', paused: none is sent' : ''}`,
    ],
    ['webhooks', `${webhooks.waiting} deliveries waiting, ${webhooks.paused} endpoints paused`],
    ['audit log', `up to number ${auditLogs}`],
    ['signing key', out.time(timeOrNull(overview.keySignsFrom))],
  ]
}

function timeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : toRfc3339(epochMs)
}
