import { describe, test } from 'vitest'
import { fc } from '../support/property.ts'
import { startForWalk, walk, walks } from './walk.ts'

describe.each([
  ['sqlite', 30],
  ['postgres', 10],
] as const)('on %s', (database, numRuns) => {
  test('any order of calls of several browsers, apps and an operator keeps what the model promises', async () => {
    await fc.assert(
      fc.asyncProperty(walks(50), (taken) => walk(taken, () => startForWalk(database))),
      // A failing walk is made shorter, as long as there is time.
      { numRuns, interruptAfterTimeLimit: 100_000 },
    )
  })
})
