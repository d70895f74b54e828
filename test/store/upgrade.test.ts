import { expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS } from '../../migrations/index.ts'
import { checkSchema } from '../../src/flows/operator/schema.ts'
import type { Db, Value } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openDatabase } from '../../src/store/open.ts'
import { emptyDatabase } from '../support/databases.ts'
import { sampleOf } from '../support/every-table.ts'
import { applyMigration, tablesOf } from '../support/old-schema.ts'

/** What a migration does not keep, and why nothing is lost. */
const NOT_KEPT = {
  'totp_secrets.last_step is gone': 'totp_secrets.spent_steps has it',
  'answers: rows of 0024_answers': 'an answer is good for minutes',
  'answers.holders is gone': 'an answer is good for minutes',
  'answers: rows of 0025_handed_out_epochs': 'an answer is good for minutes',
}

/** One row of one table, and the last migration when it was made. */
interface Made {
  table: string
  by: string
  values: Record<string, Value>
}

interface Spent {
  spent_steps: string
}

/** Written by authd alone, with one row or one per migration. */
const OWN = ['audit_head', 'schema_migrations']

/** Adds a row to every table that this schema has, with a value in every column. */
async function addRows(db: Db, row: number, by: string): Promise<Made[]> {
  const tables = [...(await tablesOf(db))].filter(([table]) => !OWN.includes(table))
  const made = tables.map(([table, columns]) => {
    const values = Object.fromEntries(columns.map((column) => [column.name, sampleOf(column, row)]))
    return { table, by, values }
  })
  await db.write(async (trx) => {
    for (const { table, values } of made) {
      const names = Object.keys(values)
      const places = names.map(() => '?').join(', ')
      await trx.run(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, Object.values(values))
    }
  })
  return made
}

/** What is not as it was: a row, or a value of one that has its column still. */
async function differences(db: Db, made: Made[]): Promise<string[]> {
  const found = new Set<string>()
  const columns = await tablesOf(db)
  const rows = new Map<string, Record<string, Value>[]>()
  for (const table of columns.keys()) {
    rows.set(table, await db.read((sql) => sql.all<Record<string, Value>>(`SELECT * FROM ${table}`)))
  }
  for (const { table, by, values } of made) {
    const names = columns.get(table)?.map(({ name }) => name) ?? []
    const [key = '', id] = Object.entries(values).find(([name]) => names.includes(name)) ?? []
    const now = rows.get(table)?.find((row) => row[key] === id)
    if (!now) found.add(`${table}: rows of ${by}`)
    for (const [name, value] of Object.entries(values)) {
      if (!names.includes(name)) found.add(`${table}.${name} is gone`)
      else if (now && now[name] !== value) found.add(`${table}.${name}: ${value} of ${by} is ${now[name]}`)
    }
  }
  return [...found]
}

test.each(['sqlite', 'postgres'] as const)(
  'rows of every schema since the first keep every value through all later migrations (%s)',
  async (dialect) => {
    const { options, remove } = await emptyDatabase(dialect)
    const db = await openDatabase(options)
    onTestFinished(async () => {
      await db.close()
      await remove()
    })
    const made: Made[] = []
    for (const [index, migration] of MIGRATIONS.entries()) {
      await applyMigration(db, migration)
      made.push(...(await addRows(db, index + 1, migration.id)))
    }

    const applied = await migrate(db, 1)
    const { pending } = await checkSchema(db)
    const app = await db.read((sql) => sql.one<Spent>("SELECT spent_steps FROM totp_secrets WHERE user_id = 'a 7'"))

    expect([applied, pending]).toEqual([[], []])
    expect(await differences(db, made)).toEqual(Object.keys(NOT_KEPT))
    // The row of the seventh migration, which made the table.
    const step = 1_790_000_000_007
    expect(app).toEqual({ spent_steps: JSON.stringify([step - 2, step - 1, step]) })
    expect(new Set(made.map(({ table }) => table)).size).toBeGreaterThan(20)
  },
)
