import { type Clock, SECOND } from './clock.ts'

/** A smaller difference between two looks is not a step: time servers slew a clock by 0.5 ms a second at most. */
const STEP_MS = SECOND

/**
 * Returns a function that tells by how many milliseconds the clock was stepped since its last call: negative for a step
 * back, 0 for none. A clock that is slewed is never reported. A machine that slept looks like a step forward. `steady`
 * returns the milliseconds of a clock that nobody sets.
 */
export function clockWatch(clock: Clock, steady: () => number = () => performance.now()): () => number {
  const ahead = () => clock.now() - steady()
  let last = ahead()
  return () => {
    const now = ahead()
    const byMs = Math.round(now - last)
    last = now
    return Math.abs(byMs) < STEP_MS ? 0 : byMs
  }
}
