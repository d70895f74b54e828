import { expect, test } from 'vitest'
import { coalesced } from '../../src/platform/coalesced-runs.ts'

test('ten runs asked for while one is under way are one more, which begins after it', async () => {
  const { promise: pause, resolve: goOn } = Promise.withResolvers<void>()
  const seen: string[] = []
  const work = coalesced(async () => {
    seen.push('begins')
    await pause
    seen.push('ends')
  })

  for (let n = 0; n < 10; n += 1) work.soon()
  await Promise.resolve()
  for (let n = 0; n < 10; n += 1) work.soon()
  expect(seen).toEqual(['begins'])
  goOn()
  await work.done()

  expect(seen).toEqual(['begins', 'ends', 'begins', 'ends'])
})

test('a run that is asked for later runs again', async () => {
  let runs = 0
  const work = coalesced(async () => {
    runs += 1
  })

  work.soon()
  await work.done()
  work.soon()
  await work.done()

  expect(runs).toBe(2)
})
