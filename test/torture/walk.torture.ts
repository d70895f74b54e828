import { test } from 'vitest'
import { startForWalk, walk, walks } from '../model/walk.ts'
import { fc } from '../support/property.ts'

/** Two databases, 10,000 walks each, 50 steps each: a million steps. WALKS and SEED choose others. */
const WALKS = Number(process.env['WALKS'] ?? 10_000)

test.each(['sqlite', 'postgres'] as const)('a million steps keep what the model promises, on %s', async (database) => {
  await fc.assert(
    fc.asyncProperty(walks(50), (steps) => walk(steps, () => startForWalk(database))),
    { numRuns: WALKS },
  )
})
