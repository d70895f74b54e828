import { test } from 'vitest'
import { MINUTE, SECOND } from '../model/rules.ts'
import { explore } from '../model/walk.ts'

/** Two databases, 10,000 walks each, 50 steps each: a million steps. WALKS and SEED choose others. */
const WALKS = Number(process.env['WALKS'] ?? 10_000)
/** A walk takes half a second on a quiet machine, and one that fails is shortened. */
const TIMEOUT_MS = 10 * MINUTE + WALKS * 10 * SECOND

test.each(['sqlite', 'postgres'] as const)(
  'a million steps keep what the model promises, on %s',
  async (database) => {
    await explore(database, WALKS)
  },
  TIMEOUT_MS,
)
