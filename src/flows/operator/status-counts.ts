import type { Deps } from '../../deps.ts'
import { isAhead, SECOND } from '../../platform/clock.ts'
import { findAuditHead } from '../../store/audit-head.ts'
import { countMailQueue, countWebhookQueue } from '../../store/counts.ts'
import { keyring, signingKeyAt } from '../sessions/signing-key.ts'
import { type RowCounts, readRowCounts } from '../upkeep/row-counts.ts'
import { readLockdown } from './lockdown-entry.ts'

/** The number of users, sessions and audit rows. */
export interface Stats extends RowCounts {
  auditLogs: number
}

/** For this time the counts are not read again. */
export const COUNTS_MAX_AGE_MS = 15 * SECOND

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
  /** Null without a lockdown. */
  lockdownSince: number | null
  isMailPaused: boolean
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
  const { queue, webhooks } = await countQueues(deps)
  return {
    ...stats,
    lockdownSince: (await deps.db.read(readLockdown))?.since ?? null,
    isMailPaused: deps.config.current().mail.paused,
    webhooks,
    mailsByState: { pending: queue.pending, failed: queue.failed },
    oldestPendingMailAt: queue.oldestPendingAt,
    keySignsFrom: signingKeyAt(await keyring(deps), now)?.signsFrom ?? null,
  }
}

export async function countQueues({ db }: Pick<Deps, 'db'>) {
  return await db.read(async (sql) => ({ queue: await countMailQueue(sql), webhooks: await countWebhookQueue(sql) }))
}
