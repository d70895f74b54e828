import type { Sql, Trx } from './db.ts'

/** One set of codes has one salt, so that one look costs one scrypt. */
export interface RecoveryCode {
  id: string
  userId: string
  salt: string
  codeHash: string
  createdAt: number
  usedAt: number | null
}

interface RecoveryCodeRow {
  id: string
  user_id: string
  salt: string
  code_hash: string
  created_at: number
  used_at: number | null
}

/** Replaces all there were. */
export async function replaceRecoveryCodes(
  trx: Trx,
  userId: string,
  codes: Pick<RecoveryCode, 'id' | 'salt' | 'codeHash' | 'createdAt'>[],
): Promise<void> {
  await deleteRecoveryCodes(trx, userId)
  for (const code of codes) {
    await trx.run('INSERT INTO recovery_codes (id, user_id, salt, code_hash, created_at) VALUES (?, ?, ?, ?, ?)', [
      code.id,
      userId,
      code.salt,
      code.codeHash,
      code.createdAt,
    ])
  }
}

/** Those that are not used yet. */
export async function listUnusedRecoveryCodes(sql: Sql, userId: string): Promise<RecoveryCode[]> {
  const rows = await sql.all<RecoveryCodeRow>(
    'SELECT * FROM recovery_codes WHERE user_id = ? AND used_at IS NULL ORDER BY id LIMIT 100',
    [userId],
  )
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    salt: row.salt,
    codeHash: row.code_hash,
    createdAt: row.created_at,
    usedAt: row.used_at,
  }))
}

/** Spends a code: true for one of any number of racers. */
export async function useRecoveryCode(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  return (
    (await trx.run('UPDATE recovery_codes SET used_at = ? WHERE id = ? AND used_at IS NULL', [input.now, input.id])) ===
    1
  )
}

/** Those made at `since` or later. */
export async function deleteRecoveryCodes(trx: Trx, userId: string, since = 0): Promise<number> {
  return await trx.run('DELETE FROM recovery_codes WHERE user_id = ? AND created_at >= ?', [userId, since])
}
