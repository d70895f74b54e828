import { Flags } from '@oclif/core'
import { recipientFault } from '../../../config/age-kind.ts'
import { AuthdError } from '../../../errors.ts'
import { recordBackup } from '../../../flows/operator/backup.ts'
import { fileStamp, toRfc3339 } from '../../../platform/clock.ts'
import { backupFolder, createBackup } from '../../../startup/backup-files.ts'
import { folderFlag, presentBackup, removeLeft, searchPath } from '../../backup-flags.ts'
import { operation } from '../../command.ts'
import { reasonFlag } from '../../flags.ts'

/** Who can read what was made, and what else a restore needs. */
const ADVICE = {
  plain: {
    beside: 'The server secret is beside it. A reader of both files can open all data.',
    apart: 'The server secret is not in it. Keep a copy of the secret in another place: without it the backup is lost.',
  },
  encrypted: {
    beside: 'The server secret is beside it, also encrypted. Keep the private key in another place: it opens all data.',
    apart:
      'It is encrypted, and the server secret is not in it. Keep a copy of the secret and of the private key in another place: without one of them the backup is lost.',
  },
}

export default operation({
  description:
    'The database stays in use meanwhile. The copy is read once before it gets its name. For PostgreSQL, pg_dump and pg_restore must be on this machine.',
  examples: [
    'authd backup create',
    'authd backup create --folder /mnt/backups --with-secret',
    'authd backup create --recipient "$(age-keygen -y key.txt)"',
  ],
  flags: {
    ...folderFlag,
    'with-secret': Flags.boolean({
      description: 'Put the server secret beside the copy. Both together open all data.',
    }),
    recipient: Flags.string({
      multiple: true,
      description: 'Encrypt for the holder of this public key of age. Replaces backup.recipients.',
    }),
    ...reasonFlag,
  },
  async run(deps, { flags, out, actor }) {
    const config = deps.config.current()
    const recipients = flags.recipient?.map(checkRecipient) ?? config.backup.recipients
    const now = deps.clock.now()
    const folder = backupFolder(config, flags.folder)
    removeLeft(config, folder, out)
    out.hint('Copying and checking the database …')
    const withSecret = flags['with-secret']
    const made = await createBackup(config, deps.db, {
      ...{ folder, stamp: fileStamp(now), createdAt: toRfc3339(now), withSecret, recipients },
      searchPath: searchPath(),
    })
    await recordBackup(deps, actor, { ...made, createdAt: now })
    out.object({ ...presentBackup(made), changed: true }, [made.path])
    out.hint(ADVICE[made.isEncrypted ? 'encrypted' : 'plain'][made.hasSecret ? 'beside' : 'apart'])
  },
})

function checkRecipient(text: string): string {
  const fault = recipientFault(text)
  if (fault === undefined) return text
  throw new AuthdError('USAGE', { message: `--recipient: ${fault}.`, suggestions: ['authd help backup create'] })
}
