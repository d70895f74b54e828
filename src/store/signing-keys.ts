import type { Sql, Trx } from './db.ts'

/** `access`: signs access tokens. `refresh`: the root of derived refresh tokens; one row, never rotated by time. */
export type KeyPurpose = 'access' | 'refresh'

export interface SigningKey {
  kid: string
  purpose: KeyPurpose
  algorithm: string
  /** JSON of the public JWK; null for secret keys. */
  publicJwk: string | null
  /** The private part, sealed under the server secret. */
  sealed: string
  createdAt: number
  /** Signs from here on, until another key's time has come. */
  signsFrom: number
  /** Verifies until then; null: no successor yet. */
  verifiesUntil: number | null
}

interface SigningKeyRow {
  kid: string
  purpose: string
  algorithm: string
  public_jwk: string | null
  sealed: string
  created_at: number
  signs_from: number
  verifies_until: number | null
}

/** False if this kid is there already: with a fixed kid the first inserter wins. */
export async function insertSigningKey(trx: Trx, key: Omit<SigningKey, 'verifiesUntil'>): Promise<boolean> {
  const inserted = await trx.run(
    `INSERT INTO signing_keys (kid, purpose, algorithm, public_jwk, sealed, created_at, signs_from)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kid) DO NOTHING`,
    [key.kid, key.purpose, key.algorithm, key.publicJwk, key.sealed, key.createdAt, key.signsFrom],
  )
  return inserted === 1
}

/** In the order they were made: of two whose time has come, the later one signs, though it may have been told to begin earlier. */
export async function listSigningKeys(sql: Sql): Promise<SigningKey[]> {
  const rows = await sql.all<SigningKeyRow>('SELECT * FROM signing_keys ORDER BY created_at, kid')
  return rows.map((row) => ({
    kid: row.kid,
    purpose: row.purpose === 'refresh' ? 'refresh' : 'access',
    algorithm: row.algorithm,
    publicJwk: row.public_jwk,
    sealed: row.sealed,
    createdAt: row.created_at,
    signsFrom: row.signs_from,
    verifiesUntil: row.verifies_until,
  }))
}

/** A successor has been published: whatever verified without end verifies until then. */
export async function retireAccessKeys(trx: Trx, input: { exceptKid: string; verifiesUntil: number }): Promise<number> {
  return await trx.run(
    "UPDATE signing_keys SET verifies_until = ? WHERE purpose = 'access' AND kid <> ? AND verifies_until IS NULL",
    [input.verifiesUntil, input.exceptKid],
  )
}

export async function deleteSigningKeysBefore(trx: Trx, before: number): Promise<number> {
  return await trx.run('DELETE FROM signing_keys WHERE verifies_until < ?', [before])
}
