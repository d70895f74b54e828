import type { Sql, Trx } from './db.ts'

/** The most devices that a new one replaces. The next one replaces more. */
const SURPLUS_MAX = 100

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

/**
 * Answers whether it was new. Known ones live on. Of more than `most` devices of the user, a new one replaces those that
 * were unused for longest.
 */
export async function rememberDevice(
  trx: Trx,
  input: {
    userId: string
    deviceDigest: string
    now: number
    expiresAt: number
    most: number
  },
): Promise<boolean> {
  const row = await trx.one<{ created_at: number }>(
    `INSERT INTO devices (user_id, device_digest, created_at, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_id, device_digest) DO UPDATE SET expires_at = excluded.expires_at RETURNING created_at`,
    [input.userId, input.deviceDigest, input.now, input.expiresAt],
  )
  const isNew = Number(row?.created_at) === input.now
  if (isNew) {
    trx.send(
      `DELETE FROM devices WHERE user_id = ? AND device_digest IN (SELECT device_digest FROM devices
         WHERE user_id = ? AND device_digest <> ? ORDER BY expires_at DESC LIMIT ? OFFSET ?)`,
      [input.userId, input.userId, input.deviceDigest, SURPLUS_MAX, input.most - 1],
    )
  }
  return isNew
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
