import type { Sql, Trx } from './db.ts'

/** Takes or keeps the lease: true for one holder at a time, until it lets it run out. */
export async function takeLease(
  trx: Trx,
  input: { name: string; holder: string; now: number; expiresAt: number },
): Promise<boolean> {
  const row = await trx.one<{ holder: string }>(
    `INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE leases.holder = excluded.holder OR leases.expires_at <= ? RETURNING holder`,
    [input.name, input.holder, input.expiresAt, input.now],
  )
  return row?.holder === input.holder
}

export interface Lease {
  name: string
  holder: string
  expiresAt: number
}

/** Those that are held now and whose names begin like this, in the order of names. */
export async function listLeases(
  sql: Sql,
  { prefix, now }: { prefix: string; now: number },
  limit: number,
): Promise<Lease[]> {
  const rows = await sql.all<{ name: string; holder: string; expires_at: number }>(
    'SELECT name, holder, expires_at FROM leases WHERE name LIKE ? AND expires_at > ? ORDER BY name LIMIT ?',
    [`${prefix}%`, now, limit],
  )
  return rows.map(({ name, holder, expires_at }) => ({ name, holder, expiresAt: Number(expires_at) }))
}

export async function deleteLease(trx: Trx, name: string): Promise<void> {
  await trx.run('DELETE FROM leases WHERE name = ?', [name])
}

/** Those that ran out and whose names begin like this. */
export async function deleteLeasesEndedBy(trx: Trx, { prefix, now }: { prefix: string; now: number }): Promise<void> {
  await trx.run('DELETE FROM leases WHERE name LIKE ? AND expires_at <= ?', [`${prefix}%`, now])
}
