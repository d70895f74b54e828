import { vi } from 'vitest'

/** Waits until the check stops throwing. It gives up shortly before the test does, so that its error is the one reported. */
export async function until<Value>(check: () => Value | Promise<Value>): Promise<Value> {
  return await vi.waitFor(check, { timeout: 590_000, interval: 20 })
}
