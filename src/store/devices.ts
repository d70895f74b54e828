import type { Sql, Trx } from './db.ts'

/** A browser in which this user has completed a sign-in, while its cookie is valid. */
export async function isKnownDevice(
  sql: Sql,
  input: { userId: string; deviceDigest: string; now: number },
): Promise<boolean> {
  const row = await sql.one('SELECT 1 FROM devices WHERE user_id = ? AND device_digest = ? AND expires_at > ?', [
    input.userId,
    input.deviceDigest,
    input.now,
  ])
  return row !== undefined
}

/** Answers whether it was new. Known ones live on. */
export async function rememberDevice(
  trx: Trx,
  input: {
    userId: string
    deviceDigest: string
    now: number
    expiresAt: number
  },
): Promise<boolean> {
  const row = await trx.one<{ created_at: number }>(
    `INSERT INTO devices (user_id, device_digest, created_at, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_id, device_digest) DO UPDATE SET expires_at = excluded.expires_at RETURNING created_at`,
    [input.userId, input.deviceDigest, input.now, input.expiresAt],
  )
  return row?.created_at === input.now
}

export async function forgetDevices(trx: Trx, userId: string): Promise<number> {
  return await trx.run('DELETE FROM devices WHERE user_id = ?', [userId])
}

export async function deleteExpiredDevices(trx: Trx, now: number, limit: number): Promise<number> {
  return await trx.run(
    `DELETE FROM devices WHERE (user_id, device_digest) IN
       (SELECT user_id, device_digest FROM devices WHERE expires_at <= ? LIMIT ?)`,
    [now, limit],
  )
}
