import { Flags } from '@oclif/core'
import { copyDatabase } from '../../../startup/copy-database.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { readDatabasePlace } from '../../database-flag.ts'
import { changeFlags, WITHOUT } from '../../flags.ts'
import { counted } from '../../output/count.ts'
import { becomeOwner } from '../../privileges.ts'
import { tellEvery } from '../../progress.ts'

export default command({
  without: WITHOUT.database,
  description:
    'Daemons may run during the copy. If it is interrupted, run it again. Then stop every daemon and run it with --finish: it brings over what has changed, compares every row, and closes the old database.',
  examples: [
    'authd db copy --to-url-file /etc/authd/database-url',
    'authd db copy --to-url-file /etc/authd/database-url --finish',
    'authd db copy --to /var/lib/authd/authd.db',
  ],
  flags: {
    to: completing('files', Flags.string({ description: 'postgres://… without a password, or a path for SQLite.' })),
    'to-url-file': completing(
      'files',
      Flags.string({ description: 'File with the URL of PostgreSQL; - reads stdin.', exclusive: ['to'] }),
    ),
    finish: Flags.boolean({ description: 'Do the last step. The command refuses while a daemon runs.' }),
    ...changeFlags,
  },
  async run({ flags, out, actor, again, loadConfig }) {
    const { config } = await loadConfig()
    const place = await readDatabasePlace(flags)
    // An unknown field must be found before anything changes.
    out.silent().object({ target: '', rows: 0, written: 0, deleted: 0, finished: false, changed: true }, [])
    becomeOwner(config.dataDir)
    process.umask(0o077)
    const isLast = flags.finish
    const isDry = flags['dry-run']
    const tell = tellEvery(out)
    const done = await copyDatabase(config, place, {
      ...{ actor, isDry, isLast },
      onRows: (what, table, rows) => tell(() => `${what} ${counted(rows, 'row')} of ${table} so far.`),
    })
    const { rows = 0, written = 0, deleted = 0 } = done ?? {}
    out.object({ target: place.name, rows, written, deleted, finished: isLast && !isDry, changed: true }, [
      isDry
        ? `Would copy the database to ${place.name}.`
        : `Copied ${counted(rows, 'row')} to ${place.name}: wrote ${written}, deleted ${deleted}.`,
      ...(isLast && !isDry
        ? ['Every row was compared. The old database is closed.', `Now write under [database]: ${place.setting}`]
        : []),
    ])
    if (isDry) return
    out.hint(isLast ? 'Then start the daemons.' : `Stop the daemons, then: ${again('finish')}`)
  },
})
