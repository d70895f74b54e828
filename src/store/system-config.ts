import { forUpdate, type Sql, type Trx } from './db.ts'
import { integer, type RowOf, type StoredRow, table, text } from './table.ts'

const systemConfig = table('system_config', { key: text, value: text, updatedAt: integer, updatedBy: text })

/** Live settings begin so. They share the table with other facts about the deployment. */
export const SETTING = 'setting.'
/** The time of the last backup, in epoch milliseconds. */
export const LAST_BACKUP = 'last_backup_at'

export type SystemConfig = RowOf<typeof systemConfig>

export async function findSystemConfig(sql: Sql, key: string): Promise<string | undefined> {
  return (await sql.one<{ value: string }>('SELECT value FROM system_config WHERE key = ?', [key]))?.value
}

/** The same, held until the unit ends. */
export async function lockSystemConfig(trx: Trx, key: string): Promise<string | undefined> {
  const row = await trx.one<{ value: string }>(`SELECT value FROM system_config WHERE key = ?${forUpdate(trx)}`, [key])
  return row?.value
}

/** The first caller inserts the entry and gets true. Every later caller gets false. */
export async function insertSystemConfig(
  trx: Trx,
  { key, value, now, by }: { key: string; value: string; now: number; by: string },
): Promise<boolean> {
  const inserted = await trx.run(
    `${systemConfig.insert} ON CONFLICT (key) DO NOTHING`,
    systemConfig.values({ key, value, updatedAt: now, updatedBy: by }),
  )
  return inserted === 1
}

/** Inserts an entry into a table that is restored now, and has no primary key yet. */
export async function insertBeforeKeys(
  trx: Trx,
  { key, value, now, by }: { key: string; value: string; now: number; by: string },
): Promise<void> {
  trx.send(systemConfig.insert, systemConfig.values({ key, value, updatedAt: now, updatedBy: by }))
}

/** Lists the entries whose keys begin with `prefix`, ordered by key. */
export async function listSystemConfig(sql: Sql, prefix: string): Promise<SystemConfig[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${systemConfig.columns} FROM system_config WHERE key LIKE ? ORDER BY key`,
    [`${prefix}%`],
  )
  return rows.map(systemConfig.read)
}

export async function setSystemConfig(
  trx: Trx,
  { key, value, now, by }: { key: string; value: string; now: number; by: string },
): Promise<void> {
  trx.send(
    `${systemConfig.insert}
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,
       updated_by = excluded.updated_by`,
    systemConfig.values({ key, value, updatedAt: now, updatedBy: by }),
  )
}

/** Deletes an entry, but only if it still has this value. Another process may have written a newer one. */
export async function deleteSystemConfigIf(trx: Trx, key: string, value: string): Promise<void> {
  trx.send('DELETE FROM system_config WHERE key = ? AND value = ?', [key, value])
}

/** Deletes the entries whose keys begin with `prefix` and come before `key`. */
export async function deleteSystemConfigBelow(
  trx: Trx,
  { prefix, key }: { prefix: string; key: string },
): Promise<void> {
  trx.send('DELETE FROM system_config WHERE key >= ? AND key < ?', [prefix, key])
}

/** Returns true if the entry existed. */
export async function deleteSystemConfig(trx: Trx, key: string): Promise<boolean> {
  return (await trx.run('DELETE FROM system_config WHERE key = ?', [key])) === 1
}
