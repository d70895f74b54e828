import { Flags } from '@oclif/core'
import { backupFolder, backupsIn, deleteBackup } from '../../../startup/backup-files.ts'
import { folderFlag, removeLeft } from '../../backup-flags.ts'
import { command } from '../../command.ts'
import { dryRunFlag, WITHOUT } from '../../flags.ts'
import { counted } from '../../output/count.ts'
import { becomeOwner } from '../../privileges.ts'

export default command({
  without: WITHOUT.database,
  description: 'Only files that authd backup create has named are deleted.',
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
    const old = backupsIn(folder)
      .slice(flags.keep)
      .map(({ name }) => name)
    if (old.length > 0) await confirm(`Delete ${counted(old.length, 'backup')}?`)
    if (!flags['dry-run']) removeLeft(config, folder, out)
    if (!flags['dry-run']) for (const name of old) deleteBackup(folder, name)
    out.object({ deleted: old, changed: old.length > 0 }, [
      `${out.did('Deleted', 'Would delete')} ${counted(old.length, 'backup')}.`,
      ...old,
    ])
  },
})
