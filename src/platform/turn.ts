import { setImmediate } from 'node:timers/promises'

/** Lets whatever waits for this process go first: between the steps of what takes long. */
export async function nextTurn(): Promise<void> {
  await setImmediate()
}
