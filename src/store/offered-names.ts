import type { Sql } from './db.ts'

/** A column of names that a command line can complete. */
export interface NamedPlace {
  table: string
  /** Indexed. */
  column: string
  /** What the row is, as SQL. */
  about: string
  /** A column that names the row as well, without a character that a shell acts on. */
  instead?: string
  /** Ids are in the order of time, so the newest are offered. */
  newestFirst?: true
}

export const NAMED_PLACES = {
  address: { table: 'users', column: 'email', about: 'name', instead: 'id' },
  user: { table: 'users', column: 'id', about: 'email', newestFirst: true },
  session: {
    table: 'sessions',
    column: 'id',
    about: '(SELECT email FROM users WHERE users.id = sessions.user_id)',
    newestFirst: true,
  },
  'api-key': { table: 'api_keys', column: 'id', about: 'name', newestFirst: true },
  webhook: { table: 'webhook_endpoints', column: 'id', about: 'url', newestFirst: true },
  queued: { table: 'outbox', column: 'id', about: 'recipient', newestFirst: true },
  event: { table: 'audit_logs', column: 'id', about: 'event_type', newestFirst: true },
  network: { table: 'ip_filters', column: 'cidr', about: 'reason' },
  suppressed: { table: 'mail_suppressions', column: 'address', about: 'response' },
} as const satisfies Record<string, NamedPlace>

export interface OfferedName {
  name: string
  about: string | null
  instead: string
}

/** Above every character that a name may have. */
const LAST = '\u{10ffff}'

/**
 * The first `limit` names that start so, and the last. What these have in common all have in common, so that a shell
 * never completes further than the names reach.
 */
export async function listOfferedNames(
  sql: Sql,
  { table, column, about, instead = column, newestFirst }: NamedPlace,
  { starts, limit }: { starts: string; limit: number },
): Promise<OfferedName[]> {
  const [near, far] = newestFirst ? ['DESC', 'ASC'] : ['ASC', 'DESC']
  const select = `SELECT ${column} AS name, ${about} AS about, ${instead} AS instead
    FROM ${table} WHERE ${column} >= ? AND ${column} < ?`
  const span = [starts, starts + LAST]
  const first = await sql.all<OfferedName>(`${select} ORDER BY ${column} ${near} LIMIT ?`, [...span, limit])
  if (first.length < limit) return first
  const last = await sql.one<OfferedName>(`${select} ORDER BY ${column} ${far} LIMIT 1`, span)
  return last ? [...first, last] : first
}
