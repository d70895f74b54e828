import { type Clock, HOUR, isAhead, SECOND } from '../../platform/clock.ts'

/** Above this number of subjects the memory starts again, empty. */
const REMEMBERED = 10_000

/**
 * Reports whether to record a refusal: at most hourly per subject and one per second in total, so that a flood of
 * requests causes no flood of rows. Each process remembers for itself.
 */
export function seldom(clock: Clock): (subject: string) => boolean {
  const recorded = new Map<string, number>()
  let lastAt = Number.NEGATIVE_INFINITY
  return (subject) => {
    const now = clock.now()
    const before = recorded.get(subject) ?? Number.NEGATIVE_INFINITY
    if (isAhead(now, before + HOUR, HOUR) || isAhead(now, lastAt + SECOND, SECOND)) return false
    if (recorded.size >= REMEMBERED) recorded.clear()
    recorded.set(subject, now)
    lastAt = now
    return true
  }
}
