import { COUNTED_MOST } from './counts.ts'
import type { Sql } from './db.ts'

export interface DatabaseFacts {
  version: string
  /** Statements of any program that wait for a lock now. 0 for SQLite, where a writer waits inside its own process. */
  waiting: number
  /** When the oldest open transaction of another process began, in epoch milliseconds. */
  oldestTransactionAt: number | null
  statistics: Statistics
  /** Pages that hold nothing, of all pages. */
  freePages: { free: number; all: number } | undefined
}

/** What a planner knows of tables with more than LARGE_ROWS rows. Empty for SQLite, whose plans need none. */
export interface Statistics {
  /** Tables without any, so that queries may be planned badly. */
  missing: string[]
  /** Tables of which more than half has changed since. */
  outdated: string[]
  /** When the oldest were made, in epoch milliseconds. */
  oldestAt: number | null
}

/** Below it, no plan is bad. */
const LARGE_ROWS = 10_000

/** What the database says of itself. */
export async function findDatabaseFacts(sql: Sql): Promise<DatabaseFacts> {
  return sql.dialect === 'sqlite' ? await ofSqlite(sql) : await ofPostgres(sql)
}

async function ofSqlite(sql: Sql): Promise<DatabaseFacts> {
  const row = await sql.one<{ version: string; free: number; pages: number }>(
    `SELECT sqlite_version() AS version, free.freelist_count AS free, pages.page_count AS pages
     FROM pragma_freelist_count AS free, pragma_page_count AS pages`,
  )
  const freePages = { free: Number(row?.free ?? 0), all: Number(row?.pages ?? 0) }
  return {
    version: `SQLite ${row?.version ?? ''}`,
    waiting: 0,
    oldestTransactionAt: null,
    statistics: { missing: [], outdated: [], oldestAt: null },
    freePages,
  }
}

async function ofPostgres(sql: Sql): Promise<DatabaseFacts> {
  const row = await sql.one<{ version: string; waiting: string; began: string | null }>(
    `SELECT current_setting('server_version') AS version,
       (SELECT count(*) FROM pg_locks WHERE NOT granted) AS waiting,
       (SELECT floor(extract(epoch FROM min(xact_start)) * 1000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()) AS began`,
  )
  return {
    version: `PostgreSQL ${row?.version ?? ''}`,
    waiting: Number(row?.waiting ?? 0),
    oldestTransactionAt: row?.began == null ? null : Number(row.began),
    statistics: await statisticsOf(sql),
    freePages: undefined,
  }
}

async function statisticsOf(sql: Sql): Promise<Statistics> {
  const large = await sql.all<{ relname: string; made_at: string | null; is_outdated: boolean }>(
    `SELECT relname, floor(extract(epoch FROM greatest(last_analyze, last_autoanalyze)) * 1000) AS made_at,
       n_mod_since_analyze > n_live_tup / 2 AS is_outdated
     FROM pg_stat_user_tables WHERE n_live_tup > ? ORDER BY relname LIMIT 100`,
    [LARGE_ROWS],
  )
  const made = large.flatMap((row) => (row.made_at === null ? [] : [{ ...row, at: Number(row.made_at) }]))
  return {
    missing: large.filter((row) => row.made_at === null).map(({ relname }) => relname),
    outdated: made.filter((row) => row.is_outdated).map(({ relname }) => relname),
    oldestAt: made.length === 0 ? null : Math.min(...made.map(({ at }) => at)),
  }
}

/** Rows by table, without reading more than COUNTED_MOST of each. PostgreSQL knows its own estimate. */
export async function countTables(sql: Sql): Promise<Record<string, number>> {
  const tables =
    sql.dialect === 'sqlite'
      ? await sql.all<{ name: string; rows: number | null }>(
          "SELECT name, NULL AS rows FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
      : await sql.all<{ name: string; rows: number | null }>(
          'SELECT relname AS name, n_live_tup AS rows FROM pg_stat_user_tables ORDER BY relname',
        )
  const counts: Record<string, number> = {}
  for (const { name, rows } of tables) counts[name] = rows === null ? await countOne(sql, name) : Number(rows)
  return counts
}

async function countOne(sql: Sql, name: string): Promise<number> {
  const row = await sql.one<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM "${name.replaceAll('"', '""')}" LIMIT ${COUNTED_MOST}) AS counted`,
  )
  return Number(row?.n ?? 0)
}
