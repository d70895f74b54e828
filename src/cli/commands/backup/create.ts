import { Flags } from '@oclif/core'
import { recordBackup } from '../../../flows/operator/backup.ts'
import { fileStamp, toRfc3339 } from '../../../platform/clock.ts'
import { backupFolder, createBackup } from '../../../startup/backup-files.ts'
import { folderFlag, presentBackup, searchPath } from '../../backup-flags.ts'
import { operation } from '../../command.ts'
import { reasonFlag } from '../../flags.ts'

export default operation({
  description:
    'The database stays in use meanwhile. The copy is read once before it gets its name. For PostgreSQL, pg_dump and pg_restore must be on this machine.',
  examples: ['authd backup create', 'authd backup create --folder /mnt/backups --with-secret'],
  flags: {
    ...folderFlag,
    'with-secret': Flags.boolean({
      description: 'Put the server secret beside the copy. Both together open all data.',
    }),
    ...reasonFlag,
  },
  async run(deps, { flags, out, actor }) {
    const config = deps.config.current()
    const now = deps.clock.now()
    const folder = backupFolder(config, flags.folder)
    out.hint('Copying and checking the database …')
    const withSecret = flags['with-secret']
    const made = await createBackup(config, deps.db, {
      ...{ folder, stamp: fileStamp(now), createdAt: toRfc3339(now), withSecret },
      searchPath: searchPath(),
    })
    await recordBackup(deps, actor, { name: made.name, createdAt: now, withSecret: made.hasSecret })
    out.object({ ...presentBackup(made), changed: true }, [made.path])
    out.hint(
      made.hasSecret
        ? 'The server secret is beside it. A reader of both files can open all data.'
        : 'The server secret is not in it. Keep a copy of the secret in another place: without it the backup is lost.',
    )
  },
})
