import { Flags } from '@oclif/core'
import { systemClock } from '../../../platform/clock.ts'
import { backupFolder, backupsIn, deleteBackup, oldBackups } from '../../../startup/backup-files.ts'
import { folderFlag, removeLeft } from '../../backup-flags.ts'
import { command } from '../../command.ts'
import { dryRunFlag, WITHOUT } from '../../flags.ts'
import { counted } from '../../output/count.ts'
import { becomeOwner } from '../../privileges.ts'

export default command({
  without: WITHOUT.database,
  description:
    'Only files that authd backup create has named are deleted. A backup that is not complete or is dated in the future does not count as one of those to keep.',
  examples: ['authd backup prune --keep 14', 'authd backup prune --keep 14 --yes'],
  flags: {
    keep: Flags.integer({ required: true, min: 1, description: 'How many to keep.' }),
    ...folderFlag,
    ...dryRunFlag,
  },
  async run({ flags, out, loadConfig, confirm }) {
    const { config } = await loadConfig()
    becomeOwner(config.dataDir)
    const folder = backupFolder(config, flags.folder)
    const { old, future } = oldBackups(backupsIn(folder), { keep: flags.keep, now: systemClock.now() })
    const deleted = old.map(({ name }) => name)
    for (const { path } of future) out.hint(`${path} is dated in the future. It is kept and does not count.`)
    if (old.length > 0) await confirm(`Delete ${counted(old.length, 'backup')}?`)
    if (!flags['dry-run']) removeLeft(config, folder, out)
    if (!flags['dry-run']) for (const backup of old) deleteBackup(folder, backup)
    out.object({ deleted, changed: old.length > 0 }, [
      `${out.did('Deleted', 'Would delete')} ${counted(old.length, 'backup')}.`,
      ...deleted,
    ])
  },
})
