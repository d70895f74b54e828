import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { applyMigrations, checkSchema } from '../flows/operator/schema.ts'
import { fileStamp, systemClock } from '../platform/clock.ts'
import type { ProcessLog } from '../platform/log.ts'
import { shell } from '../platform/shell.ts'
import type { Db } from '../store/db.ts'
import { copySqliteFirst, newestCopy } from './copy-sqlite-first.ts'

/** How long a daemon waits for another one that migrates, in milliseconds. */
const WAIT_MS = 600_000

/** Like checkSchema. For a database that a newer authd wrote, the error names the copy that leads back. */
export async function checkConfigured(config: Config, db: Db): Promise<{ pending: string[]; isEmpty: boolean }> {
  try {
    return await checkSchema(db)
  } catch (error) {
    if (!(error instanceof AuthdError) || error.code !== 'SCHEMA_NEWER') throw error
    const copy = newestCopy(config)
    const suggestions = [copy === undefined ? 'authd backup list' : shell`authd backup restore ${copy}`]
    throw new AuthdError('SCHEMA_NEWER', { message: error.message, suggestions, cause: error })
  }
}

/**
 * Migrates the database if a daemon starts and database.auto_migrate is set. Returns whether it has made a new one. Throws
 * SCHEMA_OUTDATED, SCHEMA_NEWER.
 */
export async function prepareSchema(
  config: Config,
  db: Db,
  { mode, log, stop }: { mode: 'serve' | 'cli'; log: ProcessLog; stop?: AbortSignal | undefined },
): Promise<boolean> {
  const { pending, isEmpty } = await checkConfigured(config, db)
  if (pending.length === 0) return false
  if (mode === 'cli' || !config.database.autoMigrate) {
    throw new AuthdError('SCHEMA_OUTDATED', {
      message: `The database needs ${pending.length === 1 ? 'a migration' : `${pending.length} migrations`} first (${pending.join(', ')}).`,
      suggestions: ['authd migrate up', 'authd migrate status'],
    })
  }
  const now = systemClock.now()
  const backup = await copySqliteFirst(config, fileStamp(now))
  const applied = await applyMigrations(db, now, {
    waitMs: WAIT_MS,
    pause: (ms) => wait(ms, undefined, { ...(stop && { signal: stop }) }),
  })
  if (applied.length === 0) return false
  log.info('database migrated', { applied, ...(backup !== undefined && { backup }) })
  return isEmpty
}
