import type { Sql, Value } from './db.ts'

/** Ids below `before` and from `from` on. Ids are in the order of time, so this is how a list is read in steps. */
export interface IdSpan {
  before?: string | undefined
  from?: string | undefined
}

/** The id so many rows below, newest first; undefined: there are fewer. Reads the index alone. */
export async function findIdBelow(
  sql: Sql,
  table: 'users' | 'sessions' | 'outbox',
  { before, rows }: { before: string | undefined; rows: number },
): Promise<string | undefined> {
  const where = before === undefined ? '' : 'WHERE id < ?'
  const row = await sql.one<{ id: string }>(`SELECT id FROM ${table} ${where} ORDER BY id DESC LIMIT 1 OFFSET ?`, [
    ...(before === undefined ? [] : [before]),
    rows - 1,
  ])
  return row?.id
}

/** `users.id < ?` and so on, for a WHERE. */
export function spanConditions(column: string, { before, from }: IdSpan): { text: string; value: Value }[] {
  return [
    ...(before === undefined ? [] : [{ text: `${column} < ?`, value: before }]),
    ...(from === undefined ? [] : [{ text: `${column} >= ?`, value: from }]),
  ]
}
