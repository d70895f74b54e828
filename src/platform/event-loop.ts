import { setImmediate } from 'node:timers/promises'

/** Lets waiting work run first. Call it between the steps of long work. */
export async function nextTurn(): Promise<void> {
  await setImmediate()
}
