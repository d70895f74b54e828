import { SECOND } from './clock.ts'

/** A smaller difference between two looks is not a step: time servers slew a clock by 0.5 ms a second at most. */
const STEP_MS = SECOND

/** Times of the same moment, by two clocks. The steady one is never set. */
export interface ClockReadings {
  wallMs: number
  steadyMs: number
}

/** Reads the clocks of this machine. */
function systemReadings(): ClockReadings {
  return { wallMs: Date.now(), steadyMs: performance.now() }
}

/**
 * Returns a function that tells by how many milliseconds the clock was stepped since its last call: negative for a step
 * back, 0 for none. A clock that is slewed is never reported. A machine that slept looks like a step forward.
 */
export function clockWatch(read: () => ClockReadings = systemReadings): () => number {
  let last = read()
  return () => {
    const now = read()
    const byMs = Math.round(now.wallMs - last.wallMs - (now.steadyMs - last.steadyMs))
    last = now
    return Math.abs(byMs) < STEP_MS ? 0 : byMs
  }
}
