import { setImmediate, setTimeout } from 'node:timers/promises'

/** Lets waiting work run first. Call it between the steps of long work. */
export async function nextTurn(): Promise<void> {
  await setImmediate()
}

/** Waits a moment, for example until another process has written. */
export async function pause(ms: number): Promise<void> {
  await setTimeout(ms)
}

/** Calls it when all code that can run now has run, before the event loop goes on. */
export function atTurnEnd(act: () => void): void {
  process.nextTick(act)
}
