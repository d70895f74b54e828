import type { Deps } from '../deps.ts'
import { isApart, SECOND } from '../platform/clock.ts'

/**
 * Says whether this machine's clock agrees with that of the database, and warns if not. Asked before rows of all
 * instances are deleted, ended or dated by the clock of one. With SQLite there is one clock only.
 */
export async function hasRightClock(deps: Pick<Deps, 'db' | 'clock' | 'log'>): Promise<boolean> {
  const theirs = await deps.db.time()
  const now = deps.clock.now()
  if (theirs === undefined || !isApart(now, theirs)) return true
  const seconds = Math.round((now - theirs) / SECOND)
  deps.log.warn('the clock differs from that of the database', { ahead_seconds: seconds })
  return false
}
