import type { Deps } from '../../deps.ts'
import { isAhead, SECOND, toSeconds } from '../../platform/clock.ts'
import { findAuditHead } from '../../store/audit-head.ts'
import { countMailQueue, countWebhookQueue } from '../../store/counts.ts'
import { StoreError } from '../../store/db.ts'
import { keyring, signingKeyAt } from '../sessions/signing-key.ts'
import { type RowCounts, readRowCounts } from '../upkeep/row-counts.ts'

/** The number of users, sessions and audit rows. */
export interface Stats extends RowCounts {
  auditLogs: number
}

/** For this time the counts are not read again. */
const COUNTS_MAX_AGE_MS = 15 * SECOND

/** Returns a reader of the counts of one database, at most 15 seconds old. */
export function statsReader(): (deps: Deps) => Promise<Stats> {
  let readAt = Number.NEGATIVE_INFINITY
  let stats: Promise<Stats> | undefined
  return async (deps) => {
    const now = deps.clock.now()
    if (stats === undefined || !isAhead(now, readAt + COUNTS_MAX_AGE_MS, COUNTS_MAX_AGE_MS)) {
      readAt = now
      stats = readStats(deps)
      // A failed count is not kept; its caller gets the error.
      stats.catch(() => {
        stats = undefined
      })
    }
    return await stats
  }
}

async function readStats(deps: Deps): Promise<Stats> {
  return { ...(await readRowCounts(deps)), auditLogs: await deps.db.read(findAuditHead) }
}

export interface Overview extends Stats {
  mailsByState: { pending: number; failed: number }
  oldestPendingMailAt: number | null
  /** Waiting deliveries, and paused endpoints. */
  webhooks: { waiting: number; paused: number }
  /** The time since which the current key signs. */
  keySignsFrom: number | null
}

/** The number of mails that wait, and of those that failed. */
export async function readMailsByState({ db }: Pick<Deps, 'db'>): Promise<Overview['mailsByState']> {
  const { pending, failed } = await db.read(countMailQueue)
  return { pending, failed }
}

/** An overview for operators, from the database. */
export async function readOverview(deps: Deps): Promise<Overview> {
  const now = deps.clock.now()
  const stats = await readStats(deps)
  const { queue, webhooks } = await readQueues(deps)
  return {
    ...stats,
    webhooks,
    mailsByState: { pending: queue.pending, failed: queue.failed },
    oldestPendingMailAt: queue.oldestPendingAt,
    keySignsFrom: signingKeyAt(await keyring(deps), now)?.signsFrom ?? null,
  }
}

async function readQueues({ db }: Pick<Deps, 'db'>) {
  return await db.read(async (sql) => ({ queue: await countMailQueue(sql), webhooks: await countWebhookQueue(sql) }))
}

/**
 * Returns a reader for Prometheus: the counters of this process, and gauges from the database that are at most 15
 * seconds old. While the database is away, the gauges keep their values, and authd_database_up says so.
 */
export function metricsReader(deps: Deps): () => Promise<{ text: string; contentType: string }> {
  let readAt = Number.NEGATIVE_INFINITY
  return async () => {
    const now = deps.clock.now()
    const isAway = deps.troubles.list().some(({ name }) => name === 'database')
    if (!isAway && !isAhead(now, readAt + COUNTS_MAX_AGE_MS, COUNTS_MAX_AGE_MS)) {
      readAt = now
      await setGauges(deps, now).catch((error) => {
        readAt = Number.NEGATIVE_INFINITY
        if (!(error instanceof StoreError)) throw error
      })
    }
    return await deps.metrics.render()
  }
}

async function setGauges(deps: Deps, now: number): Promise<void> {
  const { metrics } = deps
  const { liveSessions } = await readRowCounts(deps)
  const { queue, webhooks } = await readQueues(deps)
  metrics.set('active_sessions', {}, liveSessions)
  for (const state of ['pending', 'failed'] as const) metrics.set('email_queue_depth', { state }, queue[state])
  const { oldestPendingAt } = queue
  metrics.set('email_queue_oldest_timestamp_seconds', {}, oldestPendingAt === null ? 0 : toSeconds(oldestPendingAt))
  metrics.set('webhook_queue_depth', {}, webhooks.waiting)
  metrics.set('webhook_endpoints_paused', {}, webhooks.paused)
  const key = signingKeyAt(await keyring(deps), now)
  if (key) metrics.set('signing_key_signs_from_timestamp_seconds', {}, toSeconds(key.signsFrom))
}
