import { latestEnd } from '../platform/clock.ts'
import { forShare, type Sql, type Trx } from './db.ts'
import { integer, json, type NewRow, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const apiKeys = table(
  'api_keys',
  {
    id: text,
    name: text,
    secretDigest: text,
    scopes: json<string[]>(),
    createdAt: integer,
    createdBy: text,
    expiresAt: nullable(integer),
    /** The only addresses it counts from; null: any. */
    network: nullable(text),
    lastUsedAt: nullable(integer),
    revokedAt: nullable(integer),
  },
  { defaulted: ['lastUsedAt', 'revokedAt'] },
)

export type ApiKey = RowOf<typeof apiKeys>

export async function insertApiKey(trx: Trx, key: NewRow<typeof apiKeys>): Promise<void> {
  trx.send(apiKeys.insert, apiKeys.values(key))
}

export async function findApiKey(sql: Sql, id: string): Promise<ApiKey | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${apiKeys.columns} FROM api_keys WHERE id = ?`, [id])
  return apiKeys.readOne(row)
}

/** Like findApiKey, and locks the key, so that nobody revokes it until the unit ends. */
export async function lockApiKey(trx: Trx, id: string): Promise<ApiKey | undefined> {
  const row = await trx.one<StoredRow>(`SELECT ${apiKeys.columns} FROM api_keys WHERE id = ?${forShare(trx)}`, [id])
  return apiKeys.readOne(row)
}

/** Newest first. */
export async function listApiKeys(sql: Sql): Promise<ApiKey[]> {
  return (await sql.all<StoredRow>(`SELECT ${apiKeys.columns} FROM api_keys ORDER BY id DESC LIMIT 1000`)).map(
    apiKeys.read,
  )
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
  trx.send(
    `UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?
       OR last_used_at > ?)`,
    [input.now, input.id, input.notSince, latestEnd(input.now, 0)],
  )
}
