import { setTimeout as wait } from 'node:timers/promises'
import { isOurs, remedyOf } from './postgres-failures.ts'

export interface Retrying {
  /** No try begins after it (performance.now). */
  until: number
  /** Uniform in 0..below-1: units that aborted each other do not meet again. */
  jitter: (below: number) => number
  /** Waits between tries, in milliseconds. */
  pause?: ((ms: number) => Promise<unknown>) | undefined
}

/** A read or a unit with all its tries ends within this time. Milliseconds, as below. */
export const UNIT_MS = 12_000
/** The part of it that is left for COMMIT. A COMMIT that begins late is cut off more often, and its outcome is unknown. */
export const COMMIT_MS = 2000
const TRIES = 5
/** The first pause is shorter than this. Each one may be twice as long as the one before. */
const PAUSE_MS = 20

/**
 * Tries work again as the remedy of its failure says. A try that failed has committed nothing, or its failure has no
 * remedy. One whose outcome is unknown (`commitUnknown`) has none, so it is not repeated.
 */
export async function retried<Result>(
  work: () => Promise<Result>,
  { until, jitter, pause = wait }: Retrying,
): Promise<Result> {
  let wasElsewhere = false
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      const remedy = remedyOf(error)
      const isLate = performance.now() >= until
      if (remedy === 'elsewhere' && !wasElsewhere && !isLate) wasElsewhere = true
      else if (remedy === 'again' && tries < TRIES && !isLate) await pause(jitter(PAUSE_MS * 2 ** (tries - 1)))
      else throw isOurs(error) ? error.cause : error
    }
  }
}
