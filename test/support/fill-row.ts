import type { DatabaseSync } from 'node:sqlite'

type Row = Record<string, string | number | null>

/** Inserts a row of which only these values matter. All others that the table needs are empty. */
export function fillRow(database: DatabaseSync, table: string, row: Row): void {
  const needed = database.prepare(`SELECT name, type FROM pragma_table_info('${table}') WHERE "notnull" = 1`).all()
  const rest = needed.map(({ name, type }) => [name, type === 'TEXT' ? '[]' : 0] as const)
  const whole: Row = { ...Object.fromEntries(rest), ...row }
  const names = Object.keys(whole)
  const values = names.map(() => '?')
  database.prepare(`INSERT INTO ${table} (${names}) VALUES (${values})`).run(...Object.values(whole))
}
