import type { Trx } from './db.ts'

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
