import type { Sql, Trx } from './db.ts'

export async function findSystemConfig(sql: Sql, key: string): Promise<string | undefined> {
  return (await sql.one<{ value: string }>('SELECT value FROM system_config WHERE key = ?', [key]))?.value
}

/** The first inserter wins; false for everybody after it. */
export async function insertSystemConfig(
  trx: Trx,
  entry: { key: string; value: string; now: number; by: string },
): Promise<boolean> {
  const inserted = await trx.run(
    `INSERT INTO system_config (key, value, updated_at, updated_by) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO NOTHING`,
    [entry.key, entry.value, entry.now, entry.by],
  )
  return inserted === 1
}

export interface SystemConfig {
  key: string
  value: string
  updatedAt: number
  updatedBy: string
}

/** The entries whose key begins so, in its order. */
export async function listSystemConfig(sql: Sql, prefix: string): Promise<SystemConfig[]> {
  const rows = await sql.all<{ key: string; value: string; updated_at: number; updated_by: string }>(
    'SELECT key, value, updated_at, updated_by FROM system_config WHERE key LIKE ? ORDER BY key',
    [`${prefix}%`],
  )
  return rows.map((row) => ({ key: row.key, value: row.value, updatedAt: row.updated_at, updatedBy: row.updated_by }))
}

export async function setSystemConfig(
  trx: Trx,
  entry: { key: string; value: string; now: number; by: string },
): Promise<void> {
  await trx.run(
    `INSERT INTO system_config (key, value, updated_at, updated_by) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,
       updated_by = excluded.updated_by`,
    [entry.key, entry.value, entry.now, entry.by],
  )
}

/** True: it was there. */
export async function deleteSystemConfig(trx: Trx, key: string): Promise<boolean> {
  return (await trx.run('DELETE FROM system_config WHERE key = ?', [key])) === 1
}
