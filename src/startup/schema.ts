import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { applyMigrations, checkSchema } from '../flows/operator/setup.ts'
import { fileStamp, systemClock } from '../platform/clock.ts'
import type { ProcessLog } from '../platform/log.ts'
import type { Db } from '../store/db.ts'
import { backupSqlite } from '../store/migrate.ts'

/** How long a daemon waits for another one that migrates, in milliseconds. */
const WAIT_MS = 600_000

/** Migrates the database if a daemon starts and database.auto_migrate is set. Throws SCHEMA_OUTDATED, SCHEMA_NEWER. */
export async function prepareSchema(
  config: Config,
  db: Db,
  { mode, log, stop }: { mode: 'serve' | 'cli'; log: ProcessLog; stop?: AbortSignal | undefined },
): Promise<void> {
  const { pending } = await checkSchema(db)
  if (pending.length === 0) return
  if (mode === 'cli' || !config.database.autoMigrate) {
    throw new AuthdError('SCHEMA_OUTDATED', {
      message: `The database needs ${pending.length === 1 ? 'a migration' : `${pending.length} migrations`} first (${pending.join(', ')}).`,
      suggestions: ['authd migrate up', 'authd migrate status'],
    })
  }
  const now = systemClock.now()
  const backup = await backupBeforeMigration(config, fileStamp(now))
  const applied = await applyMigrations(db, now, {
    waitMs: WAIT_MS,
    pause: (ms) => wait(ms, undefined, { ...(stop && { signal: stop }) }),
  })
  if (applied.length === 0) return
  log.info('database migrated', { applied, ...(backup !== undefined && { backup }) })
}

/** How many copies are kept. */
const COPIES = 3

/**
 * Copies the SQLite file before its schema changes, and deletes all such copies but the newest three. Returns the copy's
 * path, or undefined for an empty or PostgreSQL database.
 */
export async function backupBeforeMigration(
  { database: { path, url } }: { database: Pick<Config['database'], 'path' | 'url'> },
  stamp: string,
): Promise<string | undefined> {
  if (url !== undefined) return undefined
  const name = `${path}.before-migration-`
  if (!(await backupSqlite(path, name + stamp))) return undefined
  for (const old of copiesIn(dirname(path), basename(name)).slice(0, -COPIES)) rmSync(old, { force: true })
  return name + stamp
}

/** The oldest first. A copy that an operator has renamed is not among them. */
function copiesIn(folder: string, prefix: string): string[] {
  const isCopy = (file: string) => file.startsWith(prefix) && /^[\d-]+T[\d-]+Z$/.test(file.slice(prefix.length))
  const files = readdirSync(folder).filter(isCopy).sort()
  return files.map((file) => join(folder, file))
}
