import { isAmong, type Sql, type Trx } from './db.ts'
import { flag, integer, json, type NewRow, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const passkeys = table(
  'passkeys',
  {
    id: text,
    userId: text,
    /** The id that the authenticator made, in base64url. */
    credentialId: text,
    /** COSE, base64url. */
    publicKey: text,
    counter: integer,
    transports: json<string[]>(),
    /** The make of the authenticator. */
    aaguid: text,
    name: text,
    /** May be copied to other devices of the user: synced. It never changes. */
    isBackupEligible: flag,
    isBackedUp: flag,
    createdAt: integer,
    lastUsedAt: nullable(integer),
  },
  { defaulted: ['lastUsedAt'] },
)

export type Passkey = RowOf<typeof passkeys>

/** False if a user has this credential already. */
export async function insertPasskey(trx: Trx, passkey: NewRow<typeof passkeys>): Promise<boolean> {
  const inserted = await trx.run(`${passkeys.insert} ON CONFLICT (credential_id) DO NOTHING`, passkeys.values(passkey))
  return inserted === 1
}

export async function findPasskeyByCredential(sql: Sql, credentialId: string): Promise<Passkey | undefined> {
  return passkeys.readOne(
    await sql.one<StoredRow>(`SELECT ${passkeys.columns} FROM passkeys WHERE credential_id = ?`, [credentialId]),
  )
}

/** Oldest first. */
export async function listPasskeys(sql: Sql, userId: string): Promise<Passkey[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${passkeys.columns} FROM passkeys WHERE user_id = ? ORDER BY id LIMIT 100`,
    [userId],
  )
  return rows.map(passkeys.read)
}

/** The number of passkeys of each of these users. Users without one are not in the map. */
export async function countPasskeys(sql: Sql, userIds: string[]): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map()
  const rows = await sql.all<{ user_id: string; n: number }>(
    `SELECT user_id, count(*) AS n FROM passkeys WHERE ${isAmong(sql, 'user_id')} GROUP BY user_id`,
    [JSON.stringify(userIds)],
  )
  return new Map(rows.map((row) => [row.user_id, Number(row.n)]))
}

/** After a good answer of it, or one whose counter went back: what its flags and counter say now. */
export async function recordPasskeyUse(
  trx: Trx,
  input: { id: string; counter: number; isBackedUp: boolean; now: number },
): Promise<void> {
  trx.send('UPDATE passkeys SET counter = ?, is_backed_up = ?, last_used_at = ? WHERE id = ?', [
    input.counter,
    input.isBackedUp ? 1 : 0,
    input.now,
    input.id,
  ])
}

export async function renamePasskey(trx: Trx, input: { id: string; userId: string; name: string }): Promise<boolean> {
  const changed = await trx.run('UPDATE passkeys SET name = ? WHERE id = ? AND user_id = ?', [
    input.name,
    input.id,
    input.userId,
  ])
  return changed === 1
}

/** Returns what was removed. Undefined if it is not there, or is another user's. */
export async function deletePasskey(trx: Trx, input: { id: string; userId: string }): Promise<Passkey | undefined> {
  return passkeys.readOne(
    await trx.one<StoredRow>(`DELETE FROM passkeys WHERE id = ? AND user_id = ? RETURNING ${passkeys.columns}`, [
      input.id,
      input.userId,
    ]),
  )
}

/** Deletes the passkeys made at `since` or later. */
export async function deletePasskeysOf(trx: Trx, userId: string, since: number): Promise<number> {
  return await trx.run('DELETE FROM passkeys WHERE user_id = ? AND created_at >= ?', [userId, since])
}
