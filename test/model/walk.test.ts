import { describe, test } from 'vitest'
import { fc } from '../support/property.ts'
import { startForWalk, walk, walks } from './walk.ts'

/** 2,000 steps in all. */
const WALKS = 40

describe.each(['sqlite', 'postgres'] as const)('on %s', (database) => {
  test('any order of calls of several browsers, apps and an operator keeps what the model promises', async () => {
    await fc.assert(
      fc.asyncProperty(walks(50), (taken) => walk(taken, () => startForWalk(database))),
      // A failing walk is made shorter, as long as there is time.
      { numRuns: WALKS, interruptAfterTimeLimit: 100_000 },
    )
  })
})
