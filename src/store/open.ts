import type { Db, StatementTimer } from './db.ts'
import { openSqlite } from './sqlite.ts'

export interface DatabaseOptions {
  /** `postgres://…`; if absent, SQLite at `path`. */
  url?: string | undefined
  path: string
  /** How long a write waits for the lock of another process in one go: it blocks the event loop. */
  busyTimeoutMs: number
  /** How long a write waits for that lock in all, from a timer. */
  lockWaitMs?: number
  poolSize: number
  timer?: StatementTimer | undefined
  /** Uniform in 0..below-1. */
  jitter: (below: number) => number
}

/** Opens the database that the options name; the PostgreSQL driver is only loaded where it is used. */
export async function openDatabase(options: DatabaseOptions): Promise<Db> {
  if (!options.url)
    return openSqlite({
      path: options.path,
      busyTimeoutMs: options.busyTimeoutMs,
      ...(options.lockWaitMs !== undefined && { lockWaitMs: options.lockWaitMs }),
      timer: options.timer,
    })
  const { openPostgres } = await import('./postgres.ts')
  const { url, poolSize, timer, jitter } = options
  return openPostgres({ url, poolSize, timer, jitter })
}
