import type { Sql, Value } from './db.ts'

/** Ids below `before` and from `from` on. Ids are in the order of time, so this is how a list is read in steps. */
export interface IdSpan {
  before?: string | undefined
  from?: string | undefined
}

/** The id `rows` below the newest of a span; undefined if the span has fewer. Reads only the index. */
export async function findIdBelow(
  sql: Sql,
  table: 'users' | 'sessions' | 'outbox',
  { rows, ...span }: IdSpan & { rows: number },
): Promise<string | undefined> {
  const conditions = spanConditions('id', span)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ text }) => text).join(' AND ')}`
  const row = await sql.one<{ id: string }>(`SELECT id FROM ${table} ${where} ORDER BY id DESC LIMIT 1 OFFSET ?`, [
    ...conditions.map(({ value }) => value),
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
