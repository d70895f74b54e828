import type { Deps } from '../../deps.ts'
import { isAhead, toSeconds } from '../../platform/clock.ts'
import { StoreError } from '../../store/db.ts'
import { keyring, signingKeyAt } from '../sessions/signing-key.ts'
import { readRowCounts } from '../upkeep/row-counts.ts'
import { lastBackupAt } from './backup.ts'
import { COUNTS_MAX_AGE_MS, countQueues } from './status-counts.ts'

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
  const { queue, webhooks } = await countQueues(deps)
  metrics.set('active_sessions', {}, liveSessions)
  for (const state of ['pending', 'failed'] as const) metrics.set('email_queue_depth', { state }, queue[state])
  const { oldestPendingAt } = queue
  metrics.set('email_queue_oldest_timestamp_seconds', {}, oldestPendingAt === null ? 0 : toSeconds(oldestPendingAt))
  metrics.set('webhook_queue_depth', {}, webhooks.waiting)
  metrics.set('webhook_endpoints_paused', {}, webhooks.paused)
  metrics.set('backup_last_success_timestamp_seconds', {}, toSeconds(await lastBackupAt(deps)))
  const key = signingKeyAt(await keyring(deps), now)
  if (key) metrics.set('signing_key_signs_from_timestamp_seconds', {}, toSeconds(key.signsFrom))
}
