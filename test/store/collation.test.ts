import { expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'

test('every text on PostgreSQL is compared by its bytes, whatever the locale of the server', async () => {
  const authd = await startAuthd({ database: 'postgres' })

  const found = await authd.deps.db.read(async (sql) => ({
    database: await sql.all<{ datlocale: string }>(
      'SELECT datlocale FROM pg_database WHERE datname = current_database()',
    ),
    texts: await sql.all<{ name: string; collation: string | null }>(
      `SELECT table_name || '.' || column_name AS name, collation_name AS collation FROM information_schema.columns
       WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying')`,
    ),
  }))

  expect(found.database).toEqual([{ datlocale: 'en-US-u-ka-shifted' }])
  expect(found.texts.length).toBeGreaterThan(100)
  expect(found.texts.filter(({ collation }) => collation !== 'C')).toEqual([])
})
