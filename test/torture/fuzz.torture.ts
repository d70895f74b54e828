import { describe, test } from 'vitest'
import { fuzz } from '../http/fuzz/fuzz.ts'

const SEEDS = Array.from({ length: 5 }, (_, n) => n + Number(process.env['SEED'] ?? 1))

describe.each(['sqlite', 'postgres'] as const)(
  'generated calls with the credentials of one user, on %s',
  (database) => {
    test.each(SEEDS)('never read or change another user, or break the server (seed %i)', async (seed) => {
      await fuzz(database, { callsEach: 50, seed })
    })
  },
)
