import type { Sql, Trx } from './db.ts'

export interface Invitation {
  id: string
  userId: string
  secretDigest: string
  lang: string
  createdAt: number
  createdBy: string
  expiresAt: number
}

interface InvitationRow {
  id: string
  user_id: string
  secret_digest: string
  lang: string
  created_at: number
  created_by: string
  expires_at: number
}

export async function insertInvitation(trx: Trx, invitation: Invitation): Promise<void> {
  await trx.run(
    `INSERT INTO invitations (id, user_id, secret_digest, lang, created_at, created_by, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [
      invitation.id,
      invitation.userId,
      invitation.secretDigest,
      invitation.lang,
      invitation.createdAt,
      invitation.createdBy,
      invitation.expiresAt,
    ],
  )
}

export async function findInvitation(sql: Sql, id: string): Promise<Invitation | undefined> {
  const row = await sql.one<InvitationRow>('SELECT * FROM invitations WHERE id = ?', [id])
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      secretDigest: row.secret_digest,
      lang: row.lang,
      createdAt: row.created_at,
      createdBy: row.created_by,
      expiresAt: row.expires_at,
    }
  )
}

export async function deleteInvitationsBefore(trx: Trx, before: number): Promise<number> {
  return await trx.run('DELETE FROM invitations WHERE expires_at < ?', [before])
}
