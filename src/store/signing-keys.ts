import type { Sql, Trx } from './db.ts'
import { integer, type NewRow, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'

/**
 * `access`: signs access tokens. `cancelled`: was published to sign them and never will. `refresh`: the root of derived
 * refresh tokens; one row, never rotated by time.
 */
export type KeyPurpose = 'access' | 'cancelled' | 'refresh'

const signingKeys = table(
  'signing_keys',
  {
    kid: text,
    purpose: word<KeyPurpose>(),
    algorithm: text,
    /** JSON of the public JWK; null for secret keys. */
    publicJwk: nullable(text),
    /** The private part, sealed under the server secret. */
    sealed: text,
    createdAt: integer,
    /** Signs from here on, until another key's time has come. */
    signsFrom: integer,
    /** Verifies until then; null: no successor yet. */
    verifiesUntil: nullable(integer),
  },
  { defaulted: ['verifiesUntil'] },
)

export type SigningKey = RowOf<typeof signingKeys>

/** False if this kid is there already: with a fixed kid the first inserter wins. */
export async function insertSigningKey(trx: Trx, key: NewRow<typeof signingKeys>): Promise<boolean> {
  const inserted = await trx.run(`${signingKeys.insert} ON CONFLICT (kid) DO NOTHING`, signingKeys.values(key))
  return inserted === 1
}

/** In the order they were made. */
export async function listSigningKeys(sql: Sql): Promise<SigningKey[]> {
  const rows = await sql.all<StoredRow>(`SELECT ${signingKeys.columns} FROM signing_keys ORDER BY created_at, kid`)
  return rows.map(signingKeys.read)
}

/** A successor was published. The active key verifies until then, and any other too, unless it ends earlier anyway. */
export async function retireAccessKeys(
  trx: Trx,
  input: { activeKid: string | undefined; exceptKid: string; verifiesUntil: number },
): Promise<number> {
  return await trx.run(
    `UPDATE signing_keys SET verifies_until = ?
     WHERE purpose = 'access' AND kid <> ? AND (kid = ? OR verifies_until IS NULL OR verifies_until > ?)`,
    [input.verifiesUntil, input.exceptKid, input.activeKid ?? '', input.verifiesUntil],
  )
}

/** A key that waited to sign never will. */
export async function cancelSigningKey(trx: Trx, input: { kid: string; verifiesUntil: number }): Promise<number> {
  return await trx.run("UPDATE signing_keys SET purpose = 'cancelled', verifies_until = ? WHERE kid = ?", [
    input.verifiesUntil,
    input.kid,
  ])
}

/** The successor of a key was cancelled, so the key has none. */
export async function resumeSigningKey(trx: Trx, kid: string): Promise<number> {
  return await trx.run('UPDATE signing_keys SET verifies_until = NULL WHERE kid = ?', [kid])
}

export async function deleteSigningKeysBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM signing_keys WHERE kid IN (SELECT kid FROM signing_keys WHERE verifies_until < ? LIMIT ?)',
    [before, limit],
  )
}
