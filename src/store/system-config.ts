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
