import type { Sql, Trx } from './db.ts'
import { integer, type NewRow, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const emailChanges = table('email_changes', {
  id: text,
  userId: text,
  oldEmail: text,
  oldEmailTyped: text,
  newEmail: text,
  restoreDigest: text,
  changedAt: integer,
  restorableUntil: integer,
  /** When the way back was used or ended. An operator's change has none from the start. */
  restoredAt: nullable(integer),
})

/** A change of address, and the way back from it. */
export type EmailChange = RowOf<typeof emailChanges>

export async function insertEmailChange(trx: Trx, change: NewRow<typeof emailChanges>): Promise<void> {
  trx.send(emailChanges.insert, emailChanges.values(change))
}

export async function findEmailChange(sql: Sql, id: string): Promise<EmailChange | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${emailChanges.columns} FROM email_changes WHERE id = ?`, [id])
  return emailChanges.readOne(row)
}

/** When a user's address was last changed, or 0. */
export async function findLastEmailChange(sql: Sql, userId: string): Promise<number> {
  const row = await sql.one<{ at: number | null }>(
    'SELECT max(changed_at) AS at FROM email_changes WHERE user_id = ?',
    [userId],
  )
  return Number(row?.at ?? 0)
}

/** The addresses that a user could still restore, each once, in the order in which they were replaced. */
export async function listRestorableAddresses(
  sql: Sql,
  input: { userId: string; now: number },
  limit: number,
): Promise<string[]> {
  const rows = await sql.all<{ old_email: string }>(
    `SELECT old_email FROM email_changes WHERE user_id = ? AND restored_at IS NULL AND restorable_until > ?
     GROUP BY old_email ORDER BY min(changed_at), min(id) LIMIT ?`,
    [input.userId, input.now, limit],
  )
  return rows.map(({ old_email }) => old_email)
}

/** All addresses that a user had before, the latest first. */
export async function listFormerAddresses(sql: Sql, userId: string, limit: number): Promise<string[]> {
  const rows = await sql.all<{ old_email: string }>(
    'SELECT old_email FROM email_changes WHERE user_id = ? GROUP BY old_email ORDER BY max(changed_at) DESC LIMIT ?',
    [userId, limit],
  )
  return rows.map(({ old_email }) => old_email)
}

/** Ends the ways back of a user except the oldest that is still open. */
export async function keepOldestWayBack(trx: Trx, input: { userId: string; now: number }): Promise<void> {
  const oldest = await trx.one<{ id: string }>(
    `SELECT id FROM email_changes WHERE user_id = ? AND restored_at IS NULL AND restorable_until > ?
     ORDER BY changed_at, id LIMIT 1`,
    [input.userId, input.now],
  )
  if (!oldest) return
  trx.send('UPDATE email_changes SET restored_at = ? WHERE id <> ? AND user_id = ? AND restored_at IS NULL', [
    input.now,
    oldest.id,
    input.userId,
  ])
}

/**
 * Ends this way back and those of the changes that followed it; true once. Changes follow each other by their times: the
 * ids of two processes need not, once a clock was stepped.
 */
export async function restoreEmailChange(
  trx: Trx,
  input: { id: string; userId: string; now: number },
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE email_changes SET restored_at = ? WHERE user_id = ? AND restored_at IS NULL
       AND EXISTS (SELECT 1 FROM email_changes AS this WHERE this.id = ? AND this.restored_at IS NULL
         AND this.restorable_until > ? AND (this.changed_at < email_changes.changed_at
           OR this.changed_at = email_changes.changed_at AND this.id <= email_changes.id))`,
    [input.now, input.userId, input.id, input.now],
  )
  return changed > 0
}

export async function deleteEmailChangesBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM email_changes WHERE id IN (SELECT id FROM email_changes WHERE restorable_until < ? LIMIT ?)',
    [before, limit],
  )
}
