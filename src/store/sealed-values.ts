import type { Sql, Trx } from './db.ts'

/** A column of values that are sealed with a key from the server secret. */
export interface SealedPlace {
  table: string
  /** The primary key. */
  key: string
  column: string
  /** The column that the seal names, if it is another one. */
  sealedAs?: string
}

/** Every one of them. A rotation of the server secret seals them again. */
export const SEALED_PLACES: readonly SealedPlace[] = [
  { table: 'signing_keys', key: 'kid', column: 'sealed' },
  { table: 'totp_secrets', key: 'user_id', column: 'secret_sealed' },
  { table: 'totp_secrets', key: 'user_id', column: 'pending_sealed', sealedAs: 'secret_sealed' },
  { table: 'webhook_endpoints', key: 'id', column: 'secret_sealed' },
  { table: 'webhook_endpoints', key: 'id', column: 'previous_secret_sealed', sealedAs: 'secret_sealed' },
  { table: 'outbox', key: 'id', column: 'body_sealed' },
  { table: 'answers', key: 'id', column: 'sealed' },
]

export interface SealedValue {
  id: string
  /** Null: the row has none. */
  sealed: string | null
}

/** The next rows in the order of their keys. */
export async function listSealed(
  sql: Sql,
  { table, key, column }: SealedPlace,
  { after, limit }: { after: string; limit: number },
): Promise<SealedValue[]> {
  return await sql.all<SealedValue & Record<string, string | null>>(
    `SELECT ${key} AS id, ${column} AS sealed FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`,
    [after, limit],
  )
}

/** Replaces a value, if it is still the one that was read. */
export async function replaceSealed(
  trx: Trx,
  { table, key, column }: SealedPlace,
  { id, before, after }: { id: string; before: string; after: string },
): Promise<void> {
  trx.send(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ? AND ${column} = ?`, [after, id, before])
}
