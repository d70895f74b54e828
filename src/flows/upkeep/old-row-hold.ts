import type { Deps } from '../../deps.ts'
import { DAY, HOUR, isWithin, SECOND } from '../../platform/clock.ts'
import { lockSystemConfig, setSystemConfig } from '../../store/system-config.ts'

/** After a clock that may be far ahead no old row is deleted for this long, so that an operator can put it right. */
export const HOLD_MS = 6 * HOUR
/** A daemon that starts later than this after the last one may have a clock that is ahead by years. */
const LATE_MS = DAY

const ENTRY = 'old_row_hold'

/** What the last daemon left: its time, and for how many milliseconds of running no old row is deleted. */
interface Kept {
  at: number
  leftMs: number
}

/**
 * Called by a daemon that starts. Returns for how many milliseconds of running it deletes no old row: what the last
 * daemon left of its hold, and all of it if there was none, or if this machine's time is not within the day after that
 * daemon's. Warns of such a time.
 */
export async function holdAtStart(deps: Pick<Deps, 'clock' | 'db' | 'log' | 'nodeId'>): Promise<number> {
  const now = deps.clock.now()
  const { leftMs, aheadMs } = await deps.db.write(async (trx) => {
    const text = await lockSystemConfig(trx, ENTRY)
    const last = text === undefined ? undefined : (JSON.parse(text) as Kept)
    const isBelieved = last !== undefined && isWithin(now, last.at, LATE_MS)
    const kept = { at: now, leftMs: isBelieved ? last.leftMs : HOLD_MS }
    await setSystemConfig(trx, { key: ENTRY, value: JSON.stringify(kept), now, by: deps.nodeId })
    return { leftMs: kept.leftMs, aheadMs: isBelieved || !last ? 0 : now - last.at }
  })
  if (aheadMs !== 0) {
    const fields = { ahead_seconds: Math.round(aheadMs / SECOND), hold_seconds: Math.round(leftMs / SECOND) }
    deps.log.warn('the clock is far from the time of the last run: no old row is deleted for now', fields)
  }
  return leftMs
}

/** Keeps for the next start what is left of the hold, in milliseconds, and this machine's time. */
export async function keepHold(deps: Pick<Deps, 'clock' | 'db' | 'nodeId'>, leftMs: number): Promise<void> {
  const now = deps.clock.now()
  const kept: Kept = { at: now, leftMs: Math.max(0, Math.ceil(leftMs)) }
  await deps.db.write((trx) => setSystemConfig(trx, { key: ENTRY, value: JSON.stringify(kept), now, by: deps.nodeId }))
}
