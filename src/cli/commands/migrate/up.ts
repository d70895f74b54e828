import { Flags } from '@oclif/core'
import { applyMigrations } from '../../../flows/operator/schema.ts'
import { systemClock } from '../../../platform/clock.ts'
import { backupBeforeMigration } from '../../../startup/backup-before-migration.ts'
import { openStore } from '../../../startup/open-database.ts'
import { checkConfigured } from '../../../startup/pending-migrations.ts'
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
      const { pending, isEmpty } = await checkConfigured(config, db)
      const now = systemClock.now()
      if (flags['dry-run'] || pending.length === 0) {
        const lines =
          pending.length === 0
            ? ['The database is up to date.']
            : pending.map((id) => `${id}  ${out.did('pending', 'would apply')}`)
        return out.object({ applied: [], pending, changed: pending.length > 0, dry_run: flags['dry-run'] }, lines)
      }
      const backup =
        flags.backup && !isEmpty
          ? await backupBeforeMigration(config, db, { now, searchPath: searchPath() })
          : undefined
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
