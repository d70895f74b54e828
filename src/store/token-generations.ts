import type { Trx } from './db.ts'
import type { Session } from './sessions.ts'

/** Spends the refresh token of this generation: the session as it is then for one of any number of racers. */
export async function rotateSession(
  trx: Trx,
  {
    id,
    generation,
    refreshSalt,
    now,
    idleExpiresAt,
  }: { id: string; generation: number; refreshSalt: string; now: number; idleExpiresAt: number },
): Promise<Pick<Session, 'generation' | 'idleExpiresAt'> | undefined> {
  const row = await trx.one<{ generation: number; idle_expires_at: number }>(
    `UPDATE sessions SET generation = generation + 1, generation_used_at = NULL, refreshed_at = ?, last_seen_at = ?,
       idle_expires_at = CASE WHEN expires_at < ? THEN expires_at ELSE ? END
     WHERE id = ? AND generation = ? AND refresh_salt = ? AND revoked_at IS NULL AND idle_expires_at > ?
       AND expires_at > ?
     RETURNING generation, idle_expires_at`,
    [now, now, idleExpiresAt, idleExpiresAt, id, generation, refreshSalt, now, now],
  )
  return row && { generation: row.generation, idleExpiresAt: row.idle_expires_at }
}

/** Marks the newest refresh token as used, because an access token of its generation came back. The first time counts. */
export async function markGenerationUsed(
  trx: Trx,
  { id, generation, now }: { id: string; generation: number; now: number },
): Promise<void> {
  trx.send(
    'UPDATE sessions SET generation_used_at = ? WHERE id = ? AND generation = ? AND generation_used_at IS NULL',
    [now, id, generation],
  )
}
