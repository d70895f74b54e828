import { Flags } from '@oclif/core'
import type { Config } from '../../../config/schema.ts'
import { AuthdError } from '../../../errors.ts'
import { applyMigrations, checkSchema } from '../../../flows/operator/schema.ts'
import { fileStamp, systemClock, toRfc3339 } from '../../../platform/clock.ts'
import { backupFolder, createBackup } from '../../../startup/backup-files.ts'
import { backupBeforeMigration } from '../../../startup/copy-before-migration.ts'
import { openStore } from '../../../startup/open-database.ts'
import type { Db } from '../../../store/db.ts'
import { searchPath } from '../../backup-flags.ts'
import { command } from '../../command.ts'
import { becomeOwner } from '../../privileges.ts'

/** How long to wait for another migrator, in milliseconds. */
const WAIT_MS = 60_000

export default command({
  examples: ['authd migrate', 'authd migrate up --no-backup'],
  flags: {
    backup: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'Copy the database first. PostgreSQL needs pg_dump for this.',
    }),
    'dry-run': Flags.boolean({ char: 'n', description: 'Show what would be applied.' }),
  },
  async run({ flags, out, loadConfig }) {
    const { config } = await loadConfig()
    becomeOwner(config.dataDir)
    process.umask(0o077)
    const db = await openStore(config, 'serve')
    try {
      const { pending, isEmpty } = await checkSchema(db)
      const now = systemClock.now()
      if (flags['dry-run'] || pending.length === 0) {
        const lines =
          pending.length === 0
            ? ['The database is up to date.']
            : pending.map((id) => `${id}  ${out.did('pending', 'would apply')}`)
        return out.object({ applied: [], pending, changed: pending.length > 0, dry_run: flags['dry-run'] }, lines)
      }
      const backup = flags.backup && !isEmpty ? await backUp(config, db, now) : undefined
      const applied = await applyMigrations(db, now, { waitMs: flags.timeout ?? WAIT_MS })
      out.object({ applied, current: applied.at(-1) ?? null, backup: backup ?? null, changed: true }, [
        ...(backup === undefined ? [] : [`backup  ${backup}`]),
        ...applied.map((id) => `${id}  done`),
      ])
    } finally {
      await db.close()
    }
  },
})

/** The path of the copy. */
async function backUp(config: Config, db: Db, now: number): Promise<string | undefined> {
  if (config.database.url === undefined) return await backupBeforeMigration(config, fileStamp(now))
  try {
    const { path } = await createBackup(config, db, {
      ...{ folder: backupFolder(config, undefined), stamp: fileStamp(now), createdAt: toRfc3339(now) },
      ...{ withSecret: false, searchPath: searchPath() },
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
