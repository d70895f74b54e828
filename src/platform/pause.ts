import { setTimeout } from 'node:timers/promises'

/** Waits for the machine's time to pass, for what another process is about to write. */
export async function pause(ms: number): Promise<void> {
  await setTimeout(ms)
}
