import { epochOf, holdTopic } from './change-epochs.ts'
import type { Sql, Trx } from './db.ts'
import { integer, json, type NewRow, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const recoveryLinks = table(
  'recovery_links',
  {
    id: text,
    userId: text,
    secretDigest: text,
    /** The factors that it removes when it is used. */
    removes: json<string[]>(),
    createdAt: integer,
    createdBy: text,
    /** 0 after a lockdown. */
    expiresAt: integer,
    usedAt: nullable(integer),
    epoch: integer,
  },
  {
    defaulted: ['usedAt', 'epoch'],
    filled: { epoch: epochOf('signins') },
    derived: {
      expiresAt: `CASE WHEN recovery_links.epoch < ${epochOf('signins')} THEN 0 ELSE recovery_links.expires_at END`,
    },
  },
)

export type RecoveryLink = RowOf<typeof recoveryLinks>

export async function insertRecoveryLink(trx: Trx, link: NewRow<typeof recoveryLinks>): Promise<void> {
  trx.send(recoveryLinks.insert, recoveryLinks.values(link))
}

export async function findRecoveryLink(sql: Sql, id: string): Promise<RecoveryLink | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${recoveryLinks.columns} FROM recovery_links WHERE id = ?`, [id])
  return recoveryLinks.readOne(row)
}

/** Spends it: true for one of any number of racers. No lockdown begins before the unit has ended. */
export async function useRecoveryLink(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  await holdTopic(trx, 'signins')
  const changed = await trx.run(
    `UPDATE recovery_links SET used_at = ?
     WHERE id = ? AND used_at IS NULL AND expires_at > ? AND epoch = ${epochOf('signins')}`,
    [input.now, input.id, input.now],
  )
  return changed === 1
}

/** Ends the unused links of a user, for a newer link or when the user is disabled. */
export async function endRecoveryLinks(trx: Trx, userId: string): Promise<number> {
  return await trx.run('UPDATE recovery_links SET expires_at = 0 WHERE user_id = ? AND used_at IS NULL', [userId])
}

export async function deleteRecoveryLinksBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM recovery_links WHERE id IN (SELECT id FROM recovery_links WHERE created_at < ? LIMIT ?)',
    [before, limit],
  )
}
