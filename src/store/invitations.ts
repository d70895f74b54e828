import { isAmong, type Sql, type Trx } from './db.ts'
import { integer, type RowOf, type StoredRow, table, text } from './table.ts'

const invitations = table('invitations', {
  id: text,
  userId: text,
  secretDigest: text,
  lang: text,
  createdAt: integer,
  createdBy: text,
  expiresAt: integer,
})

/** As the index of those with an invitation says it. */
const IS_INVITED = 'email_verified_at IS NULL AND invited_until IS NOT NULL'

export type Invitation = RowOf<typeof invitations>

export async function insertInvitation(trx: Trx, invitation: Invitation): Promise<void> {
  trx.send(invitations.insert, invitations.values(invitation))
}

export async function findInvitation(sql: Sql, id: string): Promise<Invitation | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${invitations.columns} FROM invitations WHERE id = ?`, [id])
  return invitations.readOne(row)
}

/** Ends a user's invitations. The end is 0, so that a unit that took its time before also finds them over. */
export async function endInvitations(trx: Trx, userId: string): Promise<void> {
  trx.send('UPDATE invitations SET expires_at = 0 WHERE user_id = ? AND expires_at > 0', [userId])
}

export interface InvitedUser {
  id: string
  invitedUntil: number
}

/** Users whose invitations end after this one: at most `limit`, in the order of ends and ids. */
export async function listInvitedUsers(sql: Sql, after: InvitedUser, limit: number): Promise<InvitedUser[]> {
  const rows = await sql.all<{ id: string; invited_until: number }>(
    `SELECT id, invited_until FROM users WHERE ${IS_INVITED} AND (invited_until, id) > (?, ?)
     ORDER BY invited_until, id LIMIT ?`,
    [after.invitedUntil, after.id, limit],
  )
  return rows.map((row) => ({ id: row.id, invitedUntil: row.invited_until }))
}

/** Like endAllInvitations, for some users only. */
export async function endInvitationsOf(trx: Trx, userIds: string[], now: number): Promise<void> {
  const ids = JSON.stringify(userIds)
  trx.send(`UPDATE users SET invited_until = ? WHERE ${isAmong(trx, 'id')} AND ${IS_INVITED} AND invited_until > ?`, [
    now,
    ids,
    now,
  ])
  trx.send(`UPDATE invitations SET expires_at = 0 WHERE ${isAmong(trx, 'user_id')} AND expires_at > 0`, [ids])
}

/** Ends the leave to sign up that invitations gave, and then all invitations: a unit locks users first. */
export async function endAllInvitations(trx: Trx, now: number): Promise<void> {
  trx.send(`UPDATE users SET invited_until = ? WHERE ${IS_INVITED} AND invited_until > ?`, [now, now])
  trx.send('UPDATE invitations SET expires_at = 0 WHERE expires_at > ?', [now])
}

export async function deleteInvitationsBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires_at < ? LIMIT ?)',
    [before, limit],
  )
}
