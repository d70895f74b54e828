import type { Sql, Trx, Value } from './db.ts'
import { integer, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'

export type FilterAction = 'allow' | 'block'
/** What a rule is about: every request, signing in alone, or the admin API alone. */
export type FilterScope = 'all' | 'login' | 'admin'

const ipFilters = table('ip_filters', {
  id: text,
  /** The one spelling of the network, as parseCidr gives it. */
  cidr: text,
  action: word<FilterAction>(),
  scope: word<FilterScope>(),
  reason: text,
  createdAt: integer,
  createdBy: text,
  expiresAt: nullable(integer),
})

export type IpFilter = RowOf<typeof ipFilters>

/**
 * Inserts a rule and returns it. A network has one rule per action and scope, so a repeated insert replaces reason,
 * author and end.
 */
export async function upsertIpFilter(trx: Trx, filter: IpFilter): Promise<IpFilter> {
  const row = await trx.one<StoredRow>(
    `${ipFilters.insert}
     ON CONFLICT (cidr, action, scope) DO UPDATE SET reason = excluded.reason, created_at = excluded.created_at,
       created_by = excluded.created_by, expires_at = excluded.expires_at
     RETURNING ${ipFilters.columns}`,
    ipFilters.values(filter),
  )
  if (!row) throw new Error('an IP filter was written and is not there')
  return ipFilters.read(row)
}

/** In the order of their making; with `liveAt`, only those that have not expired by then. */
export async function listIpFilters(
  sql: Sql,
  filter: { liveAt?: number | undefined; expiredAt?: number | undefined; action?: FilterAction | undefined } = {},
): Promise<IpFilter[]> {
  const parts = ['1 = 1']
  const values: Value[] = []
  if (filter.liveAt !== undefined) {
    parts.push('(expires_at IS NULL OR expires_at > ?)')
    values.push(filter.liveAt)
  }
  if (filter.expiredAt !== undefined) {
    parts.push('expires_at <= ?')
    values.push(filter.expiredAt)
  }
  if (filter.action !== undefined) {
    parts.push('action = ?')
    values.push(filter.action)
  }
  const rows = await sql.all<StoredRow>(
    `SELECT ${ipFilters.columns} FROM ip_filters WHERE ${parts.join(' AND ')} ORDER BY id`,
    values,
  )
  return rows.map(ipFilters.read)
}

export async function deleteIpFiltersExpiredBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run('DELETE FROM ip_filters WHERE id IN (SELECT id FROM ip_filters WHERE expires_at < ? LIMIT ?)', [
    before,
    limit,
  ])
}

/** Deletes the rules of an id or a network, and returns them. */
export async function deleteIpFilters(trx: Trx, idOrCidr: string): Promise<IpFilter[]> {
  const rows = await trx.all<StoredRow>(
    `DELETE FROM ip_filters WHERE id = ? OR cidr = ? RETURNING ${ipFilters.columns}`,
    [idOrCidr, idOrCidr],
  )
  return rows.map(ipFilters.read)
}

/** Deletes one rule if it has expired, and returns it. */
export async function deleteExpiredIpFilter(trx: Trx, id: string, now: number): Promise<IpFilter[]> {
  const rows = await trx.all<StoredRow>(
    `DELETE FROM ip_filters WHERE id = ? AND expires_at <= ? RETURNING ${ipFilters.columns}`,
    [id, now],
  )
  return rows.map(ipFilters.read)
}
