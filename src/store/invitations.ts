import { epochOf } from './change-epochs.ts'
import type { Sql, Trx } from './db.ts'
import { integer, type NewRow, type RowOf, type StoredRow, table, text } from './table.ts'

const invitations = table(
  'invitations',
  {
    id: text,
    userId: text,
    secretDigest: text,
    lang: text,
    createdAt: integer,
    createdBy: text,
    /** 0 after a lockdown. */
    expiresAt: integer,
    epoch: integer,
  },
  {
    defaulted: ['epoch'],
    filled: { epoch: epochOf('signins') },
    derived: {
      expiresAt: `CASE WHEN invitations.epoch < ${epochOf('signins')} THEN 0 ELSE invitations.expires_at END`,
    },
  },
)

export type Invitation = RowOf<typeof invitations>

export async function insertInvitation(trx: Trx, invitation: NewRow<typeof invitations>): Promise<void> {
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

export async function deleteInvitationsBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires_at < ? LIMIT ?)',
    [before, limit],
  )
}
