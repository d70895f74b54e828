import { existsSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { type Copied, copyRows, type Sides, verifyRows } from '../flows/operator/copy-rows.ts'
import {
  beginCopy,
  type CopyDeps,
  checkCopyTarget,
  closeCopied,
  finishCopy,
  refuseForeignTables,
  reopenCopied,
  uncloseCopied,
} from '../flows/operator/database-copy.ts'
import type { Actor } from '../flows/record-event.ts'
import { systemClock } from '../platform/clock.ts'
import { systemRandom } from '../platform/random.ts'
import { tablesOfSqlite } from '../store/sqlite-backup.ts'
import { openStore, withStore } from './open-database.ts'
import { refuseOutdated, refuseRunning } from './running-daemons.ts'
import { NO_METRICS } from './wire.ts'

/** Another database than the configured one. `name` is for people, and has no password. */
export type DatabasePlace =
  | { url: string; path?: undefined; name: string }
  | { path: string; url?: undefined; name: string }

export interface CopyOptions {
  actor: Actor
  /** Only looks whether the copy could begin. */
  isDry: boolean
  /** The last step: the copy takes the place of the database. */
  isLast: boolean
  onRows(what: 'Compared' | 'Verified', table: string, rows: number): void
}

/**
 * Copies the configured database. Undefined in a dry run. It can be interrupted at any moment and run again. Throws
 * DATABASE_BUSY for the last step while a daemon runs, FILE_EXISTS for a target that is not empty, SCHEMA_OUTDATED.
 */
export async function copyDatabase(
  config: Config,
  place: DatabasePlace,
  { actor, isDry, isLast, onRows }: CopyOptions,
): Promise<Copied | undefined> {
  if (isLast && !isDry) await refuseRunning(config)
  if (isDry && place.path !== undefined && !existsSync(place.path)) {
    // Opening the file would create it.
    await withStore(config, refuseOutdated)
    return undefined
  }
  const deps = { clock: systemClock, random: systemRandom(systemClock), metrics: NO_METRICS }
  const mark = await withSides(config, place, async (sides) => {
    await refuseOutdated(sides.source)
    await checkCopyTarget(sides)
    return isDry ? undefined : await beginCopy(deps, sides)
  })
  if (mark === undefined) return undefined
  if (isLast) await close(config, deps, { mark, to: place.name })
  return await withSides(config, place, async (sides) => {
    const done = await copyRows(sides, { mark, isLive: !isLast, onRows: (...seen) => onRows('Compared', ...seen) })
    if (!isLast) return done
    await verifyRows(sides, (...seen) => onRows('Verified', ...seen))
    await finishCopy(deps, sides, { actor, mark, to: place.name })
    return done
  })
}

/** What begins from now on is refused. What began before is seen: then the database stays open. */
async function close(config: Config, deps: CopyDeps, run: { mark: string; to: string }): Promise<void> {
  const before = await withStore(config, (db) => closeCopied(deps, db, run))
  try {
    await refuseRunning(config)
  } catch (error) {
    if (before === undefined) await withStore(config, (db) => uncloseCopied(db, run))
    throw error
  }
}

/** Opens the configured database after a copy has closed it. Returns whether it was closed. */
export async function reopenDatabase(config: Config, actor: Actor): Promise<boolean> {
  const deps = { clock: systemClock, random: systemRandom(systemClock), metrics: NO_METRICS }
  return await withStore(config, async (db) => {
    await refuseOutdated(db)
    return await reopenCopied(deps, db, actor)
  })
}

async function withSides<Result>(
  config: Config,
  place: DatabasePlace,
  work: (sides: Sides) => Promise<Result>,
): Promise<Result> {
  return await withStore(config, async (source) => {
    // Opening a file changes it.
    if (place.path !== undefined && existsSync(place.path)) refuseForeignTables(tablesOfSqlite(place.path))
    const { url, path = '' } = place
    const target = await openStore({ ...config, database: { ...config.database, url, path } }, 'serve')
    try {
      return await work({ source, target })
    } finally {
      await target.close()
    }
  })
}
