import { latestEnd } from '../platform/clock.ts'
import type { Sql, Trx } from './db.ts'
import { integer, type RowOf, type StoredRow, table, text } from './table.ts'

/** The table of the leases that announce daemons. Leases of mails and deliveries are columns of their own rows. */
const leases = table('leases', { name: text, holder: text, expiresAt: integer })

export type Lease = RowOf<typeof leases>

/** Held, and not until later than a lease that is taken now. */
const IS_HELD = '(leases.expires_at > ? AND leases.expires_at <= ?)'

/** Takes or keeps the lease: true for one holder at a time, until it lets it run out. */
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

/** Those that are held now and whose names begin like this, in the order of names. */
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
  await trx.run('DELETE FROM leases WHERE name = ?', [name])
}

/** Those that ran out and whose names begin like this. */
export async function deleteEndedLeases(
  trx: Trx,
  { prefix, now, spanMs }: { prefix: string; now: number; spanMs: number },
): Promise<void> {
  await trx.run(`DELETE FROM leases WHERE name LIKE ? AND NOT ${IS_HELD}`, [`${prefix}%`, now, latestEnd(now, spanMs)])
}
