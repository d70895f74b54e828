import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { applyMigrations, checkSchema } from '../flows/operator/schema.ts'
import { fileStamp, systemClock } from '../platform/clock.ts'
import type { ProcessLog } from '../platform/log.ts'
import type { Db } from '../store/db.ts'
import { copySqliteFirst } from './copy-sqlite-first.ts'

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
  const backup = await copySqliteFirst(config, fileStamp(now))
  const applied = await applyMigrations(db, now, {
    waitMs: WAIT_MS,
    pause: (ms) => wait(ms, undefined, { ...(stop && { signal: stop }) }),
  })
  if (applied.length === 0) return
  log.info('database migrated', { applied, ...(backup !== undefined && { backup }) })
}
