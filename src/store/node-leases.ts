import { latestEnd } from '../platform/clock.ts'
import type { Sql, Trx } from './db.ts'
import { integer, type RowOf, type StoredRow, table, text } from './table.ts'

/** The table of the leases that announce daemons. Leases of mails and deliveries are columns of their own rows. */
const leases = table('leases', { name: text, holder: text, expiresAt: integer })

export type Lease = RowOf<typeof leases>

/** True while a lease is held. A lease that ends later than one taken now comes from a wrong clock, and is not held. */
const IS_HELD = '(leases.expires_at > ? AND leases.expires_at <= ?)'

/** Takes or keeps the lease. Returns true for one holder at a time, until that holder's lease ends. */
export async function takeLease(
  trx: Trx,
  input: { name: string; holder: string; now: number; expiresAt: number },
): Promise<boolean> {
  const row = await trx.one<{ holder: string }>(
    `${leases.insert}
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE leases.holder = excluded.holder OR NOT ${IS_HELD} RETURNING holder`,
    [...leases.values(input), input.now, latestEnd(input.expiresAt, 0)],
  )
  return row?.holder === input.holder
}

/** Lists the leases that are held now and whose names begin with `prefix`, ordered by name. */
export async function listLeases(
  sql: Sql,
  { prefix, now, spanMs }: { prefix: string; now: number; spanMs: number },
  limit: number,
): Promise<Lease[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${leases.columns} FROM leases WHERE name LIKE ? AND ${IS_HELD} ORDER BY name LIMIT ?`,
    [`${prefix}%`, now, latestEnd(now, spanMs), limit],
  )
  return rows.map(leases.read)
}

export async function deleteLease(trx: Trx, name: string): Promise<void> {
  trx.send('DELETE FROM leases WHERE name = ?', [name])
}

/** Deletes the leases that have ended and whose names begin with `prefix`. */
export async function deleteEndedLeases(
  trx: Trx,
  { prefix, now, spanMs }: { prefix: string; now: number; spanMs: number },
): Promise<void> {
  trx.send(`DELETE FROM leases WHERE name LIKE ? AND NOT ${IS_HELD}`, [`${prefix}%`, now, latestEnd(now, spanMs)])
}
