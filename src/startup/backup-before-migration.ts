import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { fileStamp, toRfc3339 } from '../platform/clock.ts'
import type { Db } from '../store/db.ts'
import { backupFolder, createBackup, removeLeftCopies } from './backup-files.ts'
import { copySqliteFirst } from './copy-sqlite-first.ts'

/** Copies a database of either kind before an operator migrates it. Returns the copy's path. Throws UNAVAILABLE. */
export async function backupBeforeMigration(
  config: Config,
  db: Db,
  { now, searchPath }: { now: number; searchPath: string },
): Promise<string | undefined> {
  const folder = backupFolder(config, undefined)
  removeLeftCopies(config, folder)
  if (config.database.url === undefined) return await copySqliteFirst(config, fileStamp(now))
  try {
    const { path } = await createBackup(config, db, {
      ...{ folder, stamp: fileStamp(now), createdAt: toRfc3339(now) },
      ...{ withSecret: false, recipients: config.backup.recipients, searchPath },
    })
    return path
  } catch (cause) {
    if (!(cause instanceof AuthdError) || cause.code !== 'UNAVAILABLE') throw cause
    throw new AuthdError('UNAVAILABLE', {
      message: `${cause.message} Or make a backup elsewhere, then use --no-backup.`,
      suggestions: ['authd migrate up --no-backup'],
      cause,
    })
  }
}
