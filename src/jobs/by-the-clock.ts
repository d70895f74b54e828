import type { Deps } from '../deps.ts'
import { finishSigningOut } from '../flows/sessions/sign-out-everybody.ts'
import { noteClockStep } from '../flows/upkeep/clock-step.ts'
import { deleteOldAnswers, deleteOldRows } from '../flows/upkeep/housekeeping.ts'
import { HOLD_MS, holdAtStart, keepHold } from '../flows/upkeep/old-row-hold.ts'
import { HOUR, MINUTE, SECOND } from '../platform/clock.ts'
import { type Job, wholly } from './list.ts'

/** A step forward by more than this may be one by years. */
const FAR_MS = HOUR
/**
 * After a start and after any step forward no answer is deleted for this long, because it also says what is spent: longer
 * than any lasts.
 */
const HELD_MS = 15 * MINUTE

/**
 * What depends on this machine's clock. `watch` returns by how many milliseconds it was stepped since its last call;
 * `steady` returns the milliseconds of a clock that nobody sets.
 */
export function byTheClock(watch: () => number, steady: () => number = () => performance.now()): Job[] {
  const held = { answers: steady() + HELD_MS, rows: Number.NEGATIVE_INFINITY }
  let isStarted = false
  async function look(deps: Deps): Promise<void> {
    const byMs = watch()
    const now = steady()
    if (byMs > 0) held.answers = now + HELD_MS
    if (byMs > FAR_MS) held.rows = now + HOLD_MS
    await noteClockStep(deps, byMs)
    if (!isStarted) held.rows = Math.max(held.rows, now + (await holdAtStart(deps)))
    isStarted = true
    // The next start may be soon.
    if (byMs > FAR_MS) await keepHold(deps, held.rows - now)
  }
  const job = (name: string, everyMs: number, work: (deps: Deps) => Promise<void>): Job => ({
    ...{ name, everyMs, isWokenByCommits: false },
    run: wholly(async (deps) => {
      // The clock may have been stepped just now.
      await look(deps)
      await work(deps)
    }),
  })
  return [
    job('clock', SECOND, async () => {}),
    job('answers', MINUTE, async (deps) => {
      if (steady() >= held.answers) await deleteOldAnswers(deps)
    }),
    job('housekeeping', HOUR, async (deps) => {
      await finishSigningOut(deps)
      await keepHold(deps, held.rows - steady())
      if (steady() >= held.rows) await deleteOldRows(deps)
    }),
  ]
}
