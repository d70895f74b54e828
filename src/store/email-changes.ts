import type { Sql, Trx } from './db.ts'

/** A change of address, and the way back from it. */
export interface EmailChange {
  id: string
  userId: string
  oldEmail: string
  oldEmailTyped: string
  newEmail: string
  restoreDigest: string
  changedAt: number
  restorableUntil: number
  restoredAt: number | null
}

interface EmailChangeRow {
  id: string
  user_id: string
  old_email: string
  old_email_typed: string
  new_email: string
  restore_digest: string
  changed_at: number
  restorable_until: number
  restored_at: number | null
}

export async function insertEmailChange(trx: Trx, change: Omit<EmailChange, 'restoredAt'>): Promise<void> {
  await trx.run(
    `INSERT INTO email_changes (id, user_id, old_email, old_email_typed, new_email, restore_digest, changed_at,
       restorable_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      change.id,
      change.userId,
      change.oldEmail,
      change.oldEmailTyped,
      change.newEmail,
      change.restoreDigest,
      change.changedAt,
      change.restorableUntil,
    ],
  )
}

export async function findEmailChange(sql: Sql, id: string): Promise<EmailChange | undefined> {
  const row = await sql.one<EmailChangeRow>('SELECT * FROM email_changes WHERE id = ?', [id])
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      oldEmail: row.old_email,
      oldEmailTyped: row.old_email_typed,
      newEmail: row.new_email,
      restoreDigest: row.restore_digest,
      changedAt: row.changed_at,
      restorableUntil: row.restorable_until,
      restoredAt: row.restored_at,
    }
  )
}

/** Ends this way back and those of the changes that followed it; true once. */
export async function restoreEmailChange(
  trx: Trx,
  input: { id: string; userId: string; now: number },
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE email_changes SET restored_at = ? WHERE user_id = ? AND id >= ? AND restored_at IS NULL
       AND EXISTS (SELECT 1 FROM email_changes AS this WHERE this.id = ? AND this.restored_at IS NULL
         AND this.restorable_until > ?)`,
    [input.now, input.userId, input.id, input.id, input.now],
  )
  return changed > 0
}

export async function deleteEmailChangesBefore(trx: Trx, before: number): Promise<number> {
  return await trx.run('DELETE FROM email_changes WHERE restorable_until < ?', [before])
}
