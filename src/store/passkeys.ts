import { placeholders, type Sql, type Trx } from './db.ts'

export interface Passkey {
  id: string
  userId: string
  /** As the authenticator made it, base64url. */
  credentialId: string
  /** COSE, base64url. */
  publicKey: string
  counter: number
  transports: string[]
  /** The make of the authenticator. */
  aaguid: string
  name: string
  /** May be copied to other devices of the person: synced. It never changes. */
  isBackupEligible: boolean
  isBackedUp: boolean
  createdAt: number
  lastUsedAt: number | null
}

interface PasskeyRow {
  id: string
  user_id: string
  credential_id: string
  public_key: string
  counter: number
  transports: string
  aaguid: string
  name: string
  is_backup_eligible: number
  is_backed_up: number
  created_at: number
  last_used_at: number | null
}

/** False if this credential is somebody's already. */
export async function insertPasskey(trx: Trx, passkey: Omit<Passkey, 'lastUsedAt'>): Promise<boolean> {
  const inserted = await trx.run(
    `INSERT INTO passkeys (id, user_id, credential_id, public_key, counter, transports, aaguid, name,
       is_backup_eligible, is_backed_up, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (credential_id) DO NOTHING`,
    [
      passkey.id,
      passkey.userId,
      passkey.credentialId,
      passkey.publicKey,
      passkey.counter,
      JSON.stringify(passkey.transports),
      passkey.aaguid,
      passkey.name,
      passkey.isBackupEligible ? 1 : 0,
      passkey.isBackedUp ? 1 : 0,
      passkey.createdAt,
    ],
  )
  return inserted === 1
}

export async function findPasskeyByCredential(sql: Sql, credentialId: string): Promise<Passkey | undefined> {
  return fromRow(await sql.one<PasskeyRow>('SELECT * FROM passkeys WHERE credential_id = ?', [credentialId]))
}

/** Oldest first. */
export async function listPasskeys(sql: Sql, userId: string): Promise<Passkey[]> {
  const rows = await sql.all<PasskeyRow>('SELECT * FROM passkeys WHERE user_id = ? ORDER BY id LIMIT 100', [userId])
  return rows.flatMap((row) => fromRow(row) ?? [])
}

/** How many each of these people has; who has none is not in the map. */
export async function countPasskeys(sql: Sql, userIds: string[]): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map()
  const rows = await sql.all<{ user_id: string; n: number }>(
    `SELECT user_id, count(*) AS n FROM passkeys WHERE user_id IN ${placeholders(userIds.length)} GROUP BY user_id`,
    userIds,
  )
  return new Map(rows.map((row) => [row.user_id, Number(row.n)]))
}

/** After a good answer of it, or one whose counter went back: what its flags and counter say now. */
export async function recordPasskeyUse(
  trx: Trx,
  input: { id: string; counter: number; isBackedUp: boolean; now: number },
): Promise<void> {
  await trx.run('UPDATE passkeys SET counter = ?, is_backed_up = ?, last_used_at = ? WHERE id = ?', [
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

/** What was removed; undefined: not there, or somebody else's. */
export async function deletePasskey(trx: Trx, input: { id: string; userId: string }): Promise<Passkey | undefined> {
  return fromRow(
    await trx.one<PasskeyRow>('DELETE FROM passkeys WHERE id = ? AND user_id = ? RETURNING *', [
      input.id,
      input.userId,
    ]),
  )
}

/** Those made at `since` or later. */
export async function deletePasskeysOf(trx: Trx, userId: string, since: number): Promise<number> {
  return await trx.run('DELETE FROM passkeys WHERE user_id = ? AND created_at >= ?', [userId, since])
}

function fromRow(row: PasskeyRow | undefined): Passkey | undefined {
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      credentialId: row.credential_id,
      publicKey: row.public_key,
      counter: row.counter,
      transports: JSON.parse(row.transports) as string[],
      aaguid: row.aaguid,
      name: row.name,
      isBackupEligible: row.is_backup_eligible === 1,
      isBackedUp: row.is_backed_up === 1,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
    }
  )
}
