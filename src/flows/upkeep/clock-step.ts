import type { Deps } from '../../deps.ts'
import { latestEnd, SECOND } from '../../platform/clock.ts'
import { firstId } from '../../platform/random.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import { DATED_PREFIXES, redateKeys, redateRows, redateWebhooks } from '../../store/clock-steps.ts'
import { hasRightClock } from '../right-clock.ts'

/** Rows per unit, so that no unit holds the writer for long. */
const BATCH = 500

/**
 * Warns once of a clock that was stepped, with the milliseconds. After a step back it dates what was made in the
 * meantime to when it was really made: a session lasts as long as it should, and nothing waits for a time far ahead. It
 * dates nothing if the clock differs from the database's now. Any number of instances may call it at once.
 */
export async function noteClockStep(deps: Deps, byMs: number): Promise<void> {
  if (byMs === 0) return
  const direction = byMs > 0 ? 'forward' : 'back'
  deps.log.warn('the clock was stepped', { direction, seconds: Math.round(Math.abs(byMs) / SECOND) })
  deps.metrics.count('clock_steps_total', {})
  // A clock that is wrong now was right before, and so was what others dated.
  if (byMs < 0 && (await hasRightClock(deps))) await redate(deps, { now: deps.clock.now(), aheadMs: -byMs })
}

async function redate(deps: Deps, step: { now: number; aheadMs: number }): Promise<void> {
  for (const prefix of DATED_PREFIXES) {
    const fromId = firstId(prefix, latestEnd(step.now, 0))
    while ((await deps.db.write((trx) => redateRows(trx, prefix, { ...step, fromId }, BATCH))) === BATCH) {
      // Goes on until a batch is not full.
    }
  }
  await deps.db.write((trx) => redateWebhooks(trx, step))
  await deps.db.write(async (trx) => {
    if ((await redateKeys(trx, step)) > 0) await bumpEpoch(trx, 'keys')
    await bumpEpoch(trx, 'ip_filters')
  })
  await deps.cache.refresh()
}
