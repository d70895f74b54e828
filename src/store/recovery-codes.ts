import type { Sql, Trx } from './db.ts'
import { integer, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const recoveryCodes = table(
  'recovery_codes',
  {
    id: text,
    userId: text,
    /** One for the whole set, so that a look costs one scrypt. Empty for codes of 120 bits, which have a digest. */
    salt: text,
    codeHash: text,
    createdAt: integer,
    usedAt: nullable(integer),
  },
  { defaulted: ['usedAt'] },
)

export type RecoveryCode = RowOf<typeof recoveryCodes>

/** Replaces all codes of the user. */
export async function replaceRecoveryCodes(
  trx: Trx,
  userId: string,
  codes: Pick<RecoveryCode, 'id' | 'salt' | 'codeHash' | 'createdAt'>[],
): Promise<void> {
  await deleteRecoveryCodes(trx, userId)
  for (const code of codes) {
    trx.send(recoveryCodes.insert, recoveryCodes.values({ ...code, userId }))
  }
}

/** Lists the codes that are not used yet. */
export async function listUnusedRecoveryCodes(sql: Sql, userId: string): Promise<RecoveryCode[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${recoveryCodes.columns} FROM recovery_codes WHERE user_id = ? AND used_at IS NULL ORDER BY id LIMIT 100`,
    [userId],
  )
  return rows.map(recoveryCodes.read)
}

/** Spends a code: true for one of any number of racers. */
export async function useRecoveryCode(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  return (
    (await trx.run('UPDATE recovery_codes SET used_at = ? WHERE id = ? AND used_at IS NULL', [input.now, input.id])) ===
    1
  )
}

/** Deletes the codes made at `since` or later. */
export async function deleteRecoveryCodes(trx: Trx, userId: string, since = 0): Promise<number> {
  return await trx.run('DELETE FROM recovery_codes WHERE user_id = ? AND created_at >= ?', [userId, since])
}
