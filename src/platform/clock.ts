/** The only place that asks the machine for the time. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export const systemClock: Clock = { now: () => Date.now() }

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
