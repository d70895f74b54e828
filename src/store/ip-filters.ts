import { placeholders, type Sql, type Trx, type Value } from './db.ts'

export type FilterAction = 'allow' | 'block'
/** What a rule is about: every request, signing in alone, or the admin API alone. */
export type FilterScope = 'all' | 'login' | 'admin'

export interface IpFilter {
  id: string
  /** The one spelling of the network, as parseCidr gives it. */
  cidr: string
  action: FilterAction
  scope: FilterScope
  reason: string
  createdAt: number
  createdBy: string
  expiresAt: number | null
}

interface IpFilterRow {
  id: string
  cidr: string
  action: string
  scope: string
  reason: string
  created_at: number
  created_by: string
  expires_at: number | null
}

const fromRow = (row: IpFilterRow): IpFilter => ({
  id: row.id,
  cidr: row.cidr,
  action: row.action as FilterAction,
  scope: row.scope as FilterScope,
  reason: row.reason,
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
})

/** One rule a network, action and scope: written again, it has the new reason, author and end. Answers the row. */
export async function upsertIpFilter(trx: Trx, filter: IpFilter): Promise<IpFilter> {
  const row = await trx.one<IpFilterRow>(
    `INSERT INTO ip_filters (id, cidr, action, scope, reason, created_at, created_by, expires_at)
     VALUES ${placeholders(8)}
     ON CONFLICT (cidr, action, scope) DO UPDATE SET reason = excluded.reason, created_at = excluded.created_at,
       created_by = excluded.created_by, expires_at = excluded.expires_at
     RETURNING *`,
    [
      filter.id,
      filter.cidr,
      filter.action,
      filter.scope,
      filter.reason,
      filter.createdAt,
      filter.createdBy,
      filter.expiresAt,
    ],
  )
  if (!row) throw new Error('an IP filter was written and is not there')
  return fromRow(row)
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
  const rows = await sql.all<IpFilterRow>(`SELECT * FROM ip_filters WHERE ${parts.join(' AND ')} ORDER BY id`, values)
  return rows.map(fromRow)
}

/** Takes away the rules of an id or a network; answers them. */
export async function deleteIpFilters(trx: Trx, idOrCidr: string): Promise<IpFilter[]> {
  const rows = await trx.all<IpFilterRow>('DELETE FROM ip_filters WHERE id = ? OR cidr = ? RETURNING *', [
    idOrCidr,
    idOrCidr,
  ])
  return rows.map(fromRow)
}
