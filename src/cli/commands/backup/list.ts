import { backupFolder, backupsIn } from '../../../startup/backup-files.ts'
import { folderFlag, presentBackup } from '../../backup-flags.ts'
import { command } from '../../command.ts'
import { listFlags, WITHOUT } from '../../flags.ts'
import type { Column } from '../../output/column.ts'
import { heldRows } from '../../output/parts.ts'
import { becomeOwner } from '../../privileges.ts'

const COLUMNS: Column<ReturnType<typeof presentBackup>>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'CREATED', value: ({ created_at }) => created_at, isTime: true },
  { header: 'BYTES', value: ({ bytes }) => bytes },
  { header: 'USERS', spare: 1, value: ({ users }) => users },
  { header: 'SECRET', spare: 2, value: ({ with_secret }) => (with_secret ? 'beside' : 'apart') },
  { header: 'ENCRYPTED', value: ({ encrypted }) => (encrypted ? 'yes' : 'no') },
]

export default command({
  hasColumns: true,
  without: WITHOUT.database,
  examples: ['authd backup list', 'authd backup list --json'],
  flags: { ...folderFlag, ...listFlags },
  async run({ flags, out, loadConfig }) {
    const { config } = await loadConfig()
    becomeOwner(config.dataDir)
    const backups = backupsIn(backupFolder(config, flags.folder)).map(presentBackup)
    await out.parts(
      heldRows(backups, ({ name }) => name),
      COLUMNS,
      flags,
    )
  },
})
