import type { Sql, Trx } from './db.ts'

export interface ApiKey {
  id: string
  name: string
  secretDigest: string
  scopes: string[]
  createdAt: number
  createdBy: string
  expiresAt: number | null
  /** The only addresses it counts from; null: any. */
  network: string | null
  lastUsedAt: number | null
  revokedAt: number | null
}

interface ApiKeyRow {
  id: string
  name: string
  secret_digest: string
  scopes: string
  created_at: number
  created_by: string
  expires_at: number | null
  network: string | null
  last_used_at: number | null
  revoked_at: number | null
}

export async function insertApiKey(trx: Trx, key: Omit<ApiKey, 'lastUsedAt' | 'revokedAt'>): Promise<void> {
  await trx.run(
    `INSERT INTO api_keys (id, name, secret_digest, scopes, created_at, created_by, expires_at, network)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      key.id,
      key.name,
      key.secretDigest,
      JSON.stringify(key.scopes),
      key.createdAt,
      key.createdBy,
      key.expiresAt,
      key.network,
    ],
  )
}

export async function findApiKey(sql: Sql, id: string): Promise<ApiKey | undefined> {
  const row = await sql.one<ApiKeyRow>('SELECT * FROM api_keys WHERE id = ?', [id])
  return row && fromRow(row)
}

/** Newest first. */
export async function listApiKeys(sql: Sql): Promise<ApiKey[]> {
  return (await sql.all<ApiKeyRow>('SELECT * FROM api_keys ORDER BY id DESC LIMIT 1000')).map(fromRow)
}

/** The scopes of every key that is in force. */
export async function listScopesInForce(sql: Sql, now: number): Promise<string[][]> {
  const rows = await sql.all<{ scopes: string }>(
    'SELECT scopes FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)',
    [now],
  )
  return rows.map(({ scopes }) => JSON.parse(scopes) as string[])
}

/** False if it was revoked before. */
export async function revokeApiKey(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  const changed = await trx.run('UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', [
    input.now,
    input.id,
  ])
  return changed === 1
}

/** At most once a minute, so that a busy key costs no write a request. */
export async function touchApiKey(trx: Trx, input: { id: string; now: number; notSince: number }): Promise<void> {
  await trx.run('UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)', [
    input.now,
    input.id,
    input.notSince,
  ])
}

function fromRow(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    secretDigest: row.secret_digest,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    network: row.network,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }
}
