import type { Clock } from '../platform/clock.ts'
import { HOUR, SECOND } from '../platform/clock.ts'

/** Subjects that were told of; beyond so many it begins anew. */
const REMEMBERED = 10_000

/** Whether a refusal is told of: once an hour a subject, and one a second in all, so that a flood is no flood of rows. */
export function seldom(clock: Clock): (subject: string) => boolean {
  const told = new Map<string, number>()
  let lastAt = Number.NEGATIVE_INFINITY
  return (subject) => {
    const now = clock.now()
    const before = told.get(subject) ?? Number.NEGATIVE_INFINITY
    if (now - before < HOUR || Math.abs(now - lastAt) < SECOND) return false
    if (told.size >= REMEMBERED) told.clear()
    told.set(subject, now)
    lastAt = now
    return true
  }
}
