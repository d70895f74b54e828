import { expect, test } from 'vitest'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { OutdatedRead } from '../../src/store/db.ts'
import { retried } from '../../src/store/postgres-retry.ts'

/** The pauses of an instance whose unit of work is aborted each time. */
async function pausesOf(jitter: (below: number) => number): Promise<number[]> {
  const pauses: number[] = []
  const pause = async (ms: number) => pauses.push(ms)
  const abort = async () => {
    throw new OutdatedRead()
  }
  const failure = await retried(abort, { until: Number.POSITIVE_INFINITY, jitter, pause }).catch((error) => error)
  expect(failure).toBeInstanceOf(OutdatedRead)
  return pauses
}

test('pauses between tries may be twice as long each time, and the last try fails', async () => {
  const longest = await pausesOf((below) => below - 1)
  const shortest = await pausesOf(() => 0)

  expect(longest).toEqual([19, 39, 79, 159])
  expect(shortest).toEqual([0, 0, 0, 0])
})

test('two instances that aborted each other do not retry in step', async () => {
  const [one, other] = [await pausesOf(systemRandom(systemClock).int), await pausesOf(systemRandom(systemClock).int)]

  expect(one).not.toEqual(other)
})

test('no try begins after the deadline of the unit of work', async () => {
  let tries = 0
  const abort = async () => {
    tries += 1
    throw new OutdatedRead()
  }

  await retried(abort, { until: 0, jitter: () => 0 }).catch(() => undefined)

  expect(tries).toBe(1)
})
