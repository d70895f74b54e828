import type { Deps } from '../deps.ts'
import { SECOND, toSeconds } from '../platform/clock.ts'
import type { OutboxState } from '../store/outbox.ts'
import { countEverything, countLive, readMailQueue, readWebhookQueue, type Stats } from '../store/stats.ts'
import { keyring, signingKeyAt } from './signing-key.ts'

/** How many of everything there are now. */
export async function readStats(deps: Deps): Promise<Stats> {
  return await deps.db.read((sql) => countEverything(sql, deps.clock.now()))
}

export interface Overview extends Stats {
  mailsByState: Partial<Record<OutboxState, number>>
  oldestPendingMailAt: number | null
  /** Since when the key of today signs. */
  keySignsFrom: number | null
}

/** How many mails wait, were sent, were given up. */
export async function readMailsByState({ db }: Pick<Deps, 'db'>): Promise<Overview['mailsByState']> {
  const { byState } = await db.read(readMailQueue)
  return Object.fromEntries(byState.map(({ state, count }) => [state, count]))
}

/** What an operator looks at first, as the database knows it. */
export async function readOverview(deps: Deps): Promise<Overview> {
  const now = deps.clock.now()
  const { stats, queue } = await deps.db.read(async (sql) => ({
    stats: await countEverything(sql, now),
    queue: await readMailQueue(sql),
  }))
  return {
    ...stats,
    mailsByState: Object.fromEntries(queue.byState.map(({ state, count }) => [state, count])),
    oldestPendingMailAt: queue.oldestPendingAt,
    keySignsFrom: signingKeyAt(await keyring(deps), now)?.signsFrom ?? null,
  }
}

/** A scrape every second must not count a million sessions every second. */
const GAUGES_MAX_AGE_MS = 15 * SECOND

/** What Prometheus reads: the counters of this process, and what the database says, at most 15 seconds old. */
export function metricsReader(deps: Deps): () => Promise<{ text: string; contentType: string }> {
  let readAt = Number.NEGATIVE_INFINITY
  return async () => {
    const now = deps.clock.now()
    if (Math.abs(now - readAt) >= GAUGES_MAX_AGE_MS) {
      readAt = now
      await setGauges(deps, now)
    }
    return await deps.metrics.render()
  }
}

async function setGauges(deps: Deps, now: number): Promise<void> {
  const { metrics } = deps
  const { live, queue, webhooks } = await deps.db.read(async (sql) => ({
    live: await countLive(sql, now),
    queue: await readMailQueue(sql),
    webhooks: await readWebhookQueue(sql),
  }))
  metrics.set('active_sessions', {}, live)
  for (const state of ['pending', 'sent', 'failed', 'expired', 'cancelled'] as const) {
    metrics.set('email_queue_depth', { state }, queue.byState.find((each) => each.state === state)?.count ?? 0)
  }
  const { oldestPendingAt } = queue
  metrics.set('email_queue_oldest_timestamp_seconds', {}, oldestPendingAt === null ? 0 : toSeconds(oldestPendingAt))
  metrics.set('webhook_queue_depth', {}, webhooks.waiting)
  metrics.set('webhook_endpoints_paused', {}, webhooks.paused)
  const key = signingKeyAt(await keyring(deps), now)
  if (key) metrics.set('signing_key_signs_from_timestamp_seconds', {}, toSeconds(key.signsFrom))
}
