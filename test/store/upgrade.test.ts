import { expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS, type Migration } from '../../migrations/index.ts'
import { checkSchema } from '../../src/flows/operator/schema.ts'
import { COPIED_TABLES } from '../../src/store/copied-tables.ts'
import type { Db, Value } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openDatabase } from '../../src/store/open.ts'
import { emptyDatabase } from '../support/databases.ts'
import { type Column, columnsOf, sampleOf } from '../support/every-table.ts'

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

async function apply(db: Db, { id, up }: Migration): Promise<void> {
  await db.migrate(async (trx) => {
    if (!(await trx.schema.hasTable('schema_migrations'))) {
      await trx.schema.createTable('schema_migrations', (table) => {
        table.text('id').primary()
        table.bigInteger('applied_at').notNullable()
      })
    }
    await up(trx)
    await trx('schema_migrations').insert({ id, applied_at: 0 })
  })
}

/** With the tables first that others refer to. */
function byTable(columns: Column[]): Map<string, Column[]> {
  const place = ({ table }: Column) => COPIED_TABLES.findIndex(({ name }) => name === table)
  return Map.groupBy(
    columns.toSorted((a, b) => place(a) - place(b)),
    ({ table }) => table,
  )
}

/** Adds a row to every table that this schema has, with a value in every column. */
async function addRows(db: Db, row: number, by: string): Promise<Made[]> {
  const tables = [...byTable(await columnsOf(db))].filter(([table]) => !OWN.includes(table))
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
  const columns = byTable(await columnsOf(db))
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
      await apply(db, migration)
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
