import { COPIED_TABLES, type CopiedRow } from '../../src/store/copied-tables.ts'
import type { Db, Value } from '../../src/store/db.ts'

export interface Column {
  table: string
  name: string
  type: string
  isNullable: boolean
}

const COLUMNS = {
  sqlite: `SELECT t.name AS "table", c.name AS name, lower(c.type) AS type, c."notnull" = 0 AS nullable
    FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table' ORDER BY t.name, c.cid`,
  postgres: `SELECT table_name AS "table", column_name AS name, data_type AS type,
      CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END AS nullable
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`,
} as const

/** Letters in which collations differ, and what must be quoted somewhere. */
const ODD = ['a', 'B', 'ä', 'Z_', '\u{1F511}', `it's "\\ \n\t;`, '-1']

/**
 * Adds rows to every table that is copied: numbers from `from` on, each with all columns, and each with as few as can be.
 * What names a row of another table names the one of the same number.
 */
export async function fillEveryTable(db: Db, { from, rows }: { from: number; rows: number }): Promise<void> {
  const columns = await columnsOf(db)
  for (const { name } of COPIED_TABLES.filter((table) => table.name !== 'audit_head')) {
    const own = columns.filter(({ table }) => table === name)
    await db.write(async (trx) => {
      for (let at = 0; at < rows; at += 1) {
        const given = own.filter(({ isNullable }) => at % 2 === 0 || !isNullable)
        const values = given.map((column) => sampleOf(column, from + at))
        const places = given.map(() => '?').join(', ')
        await trx.run(
          `INSERT INTO ${name} (${given.map((column) => column.name).join(', ')}) VALUES (${places})`,
          values,
        )
      }
    })
  }
  await db.write((trx) => trx.run('UPDATE audit_head SET seq = ?', [from + rows]))
}

export function sampleOf({ type }: Column, number: number): Value {
  if (type === 'text') return `${ODD[number % ODD.length]} ${number}`
  return type === 'bigint' ? 1_790_000_000_000 + number : number
}

/** All rows of the tables that are copied, by table, in one order on both databases. */
export async function everyRow(db: Db): Promise<Record<string, CopiedRow[]>> {
  const columns = await columnsOf(db)
  const found: Record<string, CopiedRow[]> = {}
  for (const { name, own } of COPIED_TABLES) {
    const names = columns.filter(({ table }) => table === name).map((column) => column.name)
    const where = own === undefined ? '' : ` WHERE NOT (${own})`
    const rows = await db.read((sql) => sql.all<CopiedRow>(`SELECT ${names.sort().join(', ')} FROM ${name}${where}`))
    found[name] = rows.map((row) => ({ ...row })).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  return found
}

export async function columnsOf(db: Db): Promise<Column[]> {
  const rows = await db.read((sql) => sql.all<Column & { nullable: number }>(COLUMNS[sql.dialect]))
  return rows.map(({ nullable, ...column }) => ({ ...column, isNullable: nullable === 1 }))
}
