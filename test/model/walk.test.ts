import { describe, test } from 'vitest'
import { MINUTE } from './rules.ts'
import { explore } from './walk.ts'

describe.each(['sqlite', 'postgres'] as const)('on %s', (database) => {
  test(
    '2,000 random calls of several browsers, apps and an operator keep what the model promises',
    async () => {
      await explore(database, 40)
    },
    30 * MINUTE,
  )
})
