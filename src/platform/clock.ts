/** The only place that asks the machine for the time. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/**
 * The most by which the clocks of two instances may differ. A time further ahead than this was written by a clock that
 * was wrong.
 */
export const CLOCK_SKEW_MS = 30 * SECOND

/** Says whether two clocks that showed these times at once differ by more than those of two instances may. */
export function isApart(now: number, other: number): boolean {
  return Math.abs(now - other) > CLOCK_SKEW_MS
}

/** Says whether no right clock can have written this time yet. */
export function isFromFuture(now: number, at: number): boolean {
  return at > latestEnd(now, 0)
}

/** Says whether something holds that began at `since` and expires at `until`. */
export function isInForce(now: number, since: number, until: number): boolean {
  return until > now && !isFromFuture(now, since)
}

/** Says whether something happened within the last `spanMs`. A time in the future did not: its clock was wrong. */
export function isWithin(now: number, since: number, spanMs: number): boolean {
  return now - since <= spanMs && !isFromFuture(now, since)
}

/**
 * Says whether a wait of at most `spanMs` is still on. A wait that ends later than one begun now was begun by a clock
 * that was wrong, so it is over.
 */
export function isAhead(now: number, until: number, spanMs: number): boolean {
  return until > now && until <= latestEnd(now, spanMs)
}

/** When a wait of `spanMs` ends at the latest, if it was begun by now. */
export function latestEnd(now: number, spanMs: number): number {
  return now + spanMs + CLOCK_SKEW_MS
}

/** Two things closer together than this could share a millisecond, with room to spare. */
const AT_ONCE_MS = 100

/** The time of what follows something at `last`: another millisecond, and never one in the future. */
export function timeAfter(last: number, now: number): number {
  return last <= now && now - last < AT_ONCE_MS ? last - 1 : now
}

export const systemClock: Clock = { now: () => Date.now() }

/** Instead of a time that a wrong clock wrote: it happened, and nobody knows when. */
export const UNKNOWN_TIME = 0

/** RFC 3339 in UTC, as every API, log and `--json` shows a time. */
export function toRfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** For libraries that require a Date. */
export function toDate(epochMs: number): Date {
  return new Date(epochMs)
}

/** Whole seconds since the epoch, as in JWTs. */
export function toSeconds(epochMs: number): number {
  return Math.floor(epochMs / SECOND)
}

/** `2026-11-25T05-30-00Z`: a time for the name of a file. */
export function fileStamp(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replaceAll(':', '-').concat('Z')
}
