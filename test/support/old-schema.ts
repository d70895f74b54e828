import { MIGRATIONS, type Migration } from '../../migrations/index.ts'
import { COPIED_TABLES } from '../../src/store/copied-tables.ts'
import type { Db, Value } from '../../src/store/db.ts'
import { type Column, columnsOf } from './every-table.ts'

type Row = Record<string, Value>

/** Applies one migration, as authd does it. */
export async function applyMigration(db: Db, { id, up }: Migration): Promise<void> {
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

/** The columns of each table, with the tables first that others refer to. */
export async function tablesOf(db: Db): Promise<Map<string, Column[]>> {
  const place = ({ table }: Column) => COPIED_TABLES.findIndex(({ name }) => name === table)
  return Map.groupBy(
    (await columnsOf(db)).toSorted((a, b) => place(a) - place(b)),
    ({ table }) => table,
  )
}

/** What an older schema had in place of what there is now. */
const BEFORE: Record<string, (row: Row) => Value> = {
  'totp_secrets.last_step': ({ spent_steps: steps }) => Math.max(0, ...(JSON.parse(String(steps)) as number[])),
}

/** Fills an empty database with the schema up to `last`, and with what of the rows of `source` fits in it. */
export async function copyIntoOldSchema(source: Db, target: Db, last: string): Promise<void> {
  for (const migration of MIGRATIONS.filter(({ id }) => id <= last)) await applyMigration(target, migration)
  const now = await tablesOf(source)
  for (const [table, columns] of await tablesOf(target)) {
    if (table === 'schema_migrations') continue
    const known = new Set(now.get(table)?.map(({ name }) => name))
    const kept = columns.map(({ name }) => name).filter((name) => known.has(name) || BEFORE[`${table}.${name}`])
    const rows = await source.read((sql) => sql.all<Row>(`SELECT * FROM ${table}`))
    await target.write(async (trx) => {
      await trx.run(`DELETE FROM ${table}`)
      for (const row of rows) {
        const values = kept.map((name) => BEFORE[`${table}.${name}`]?.(row) ?? row[name] ?? null)
        await trx.run(`INSERT INTO ${table} (${kept.join(', ')}) VALUES (${kept.map(() => '?').join(', ')})`, values)
      }
    })
  }
}
