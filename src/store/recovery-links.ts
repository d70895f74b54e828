import type { Sql, Trx } from './db.ts'

export interface RecoveryLink {
  id: string
  userId: string
  secretDigest: string
  /** The factors that it takes away when it is used. */
  removes: string[]
  createdAt: number
  createdBy: string
  expiresAt: number
  usedAt: number | null
}

interface RecoveryLinkRow {
  id: string
  user_id: string
  secret_digest: string
  removes: string
  created_at: number
  created_by: string
  expires_at: number
  used_at: number | null
}

export async function insertRecoveryLink(trx: Trx, link: Omit<RecoveryLink, 'usedAt'>): Promise<void> {
  await trx.run(
    `INSERT INTO recovery_links (id, user_id, secret_digest, removes, created_at, created_by, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [
      link.id,
      link.userId,
      link.secretDigest,
      JSON.stringify(link.removes),
      link.createdAt,
      link.createdBy,
      link.expiresAt,
    ],
  )
}

export async function findRecoveryLink(sql: Sql, id: string): Promise<RecoveryLink | undefined> {
  const row = await sql.one<RecoveryLinkRow>('SELECT * FROM recovery_links WHERE id = ?', [id])
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      secretDigest: row.secret_digest,
      removes: JSON.parse(row.removes) as string[],
      createdAt: row.created_at,
      createdBy: row.created_by,
      expiresAt: row.expires_at,
      usedAt: row.used_at,
    }
  )
}

/** Spends it: true for one of any number of racers. */
export async function useRecoveryLink(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  const changed = await trx.run(
    'UPDATE recovery_links SET used_at = ? WHERE id = ? AND used_at IS NULL AND expires_at > ?',
    [input.now, input.id, input.now],
  )
  return changed === 1
}

/** A newer link, or a person who is kept out, ends those that are not used yet. */
export async function endRecoveryLinks(trx: Trx, userId: string): Promise<number> {
  return await trx.run('UPDATE recovery_links SET expires_at = 0 WHERE user_id = ? AND used_at IS NULL', [userId])
}

export async function deleteRecoveryLinksBefore(trx: Trx, before: number): Promise<number> {
  return await trx.run('DELETE FROM recovery_links WHERE created_at < ?', [before])
}
