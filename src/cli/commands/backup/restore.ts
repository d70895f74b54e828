import { Flags } from '@oclif/core'
import { sealAudit } from '../../../flows/audit/numbering.ts'
import { endRestored } from '../../../flows/operator/restored.ts'
import { fileStamp, systemClock } from '../../../platform/clock.ts'
import { backupFolder, pathOfBackup } from '../../../startup/backup-files.ts'
import { openBackup, restoreBackup } from '../../../startup/restore.ts'
import { backupArg, folderFlag, identityFlag, readIdentity, removeLeft, searchPath } from '../../backup-flags.ts'
import { command } from '../../command.ts'
import { reasonFlag, WITHOUT } from '../../flags.ts'
import { counted } from '../../output/count.ts'
import { firstOf } from '../../output/report.ts'
import { becomeOwner } from '../../privileges.ts'

export default command({
  without: WITHOUT.database,
  description:
    'Stop the daemon first. All sessions and sign-ins end, waiting mails are cancelled and the signing key is replaced, because the backup does not know what was used or ended since. API keys and users that the database from before has as revoked or disabled stay so, and so do its IP filter, removed and paused webhook endpoints, its lockdown, its pause of mail and closed sign-ups. The database from before is kept beside the new one.',
  examples: ['authd backup restore authd-2026-11-28T03-10-00Z', 'authd backup restore /mnt/backups/authd.sqlite'],
  args: backupArg,
  flags: {
    ...folderFlag,
    ...identityFlag,
    confirm: Flags.string({ description: 'The word restore, to confirm.' }),
    ...reasonFlag,
  },
  async run({ args, flags, out, actor, loadConfig, confirmName }) {
    const { config } = await loadConfig()
    const folder = backupFolder(config, flags.folder)
    const path = pathOfBackup(folder, args.backup)
    const identity = await readIdentity(flags)
    const backup = await openBackup(config, path, { searchPath: searchPath(), identity })
    await confirmName('restore', `This replaces the database with ${path}, and signs out all users.`)
    becomeOwner(config.dataDir)
    removeLeft(config, folder, out)
    process.umask(0o077)
    const { done, kept } = await restoreBackup(config, {
      backup,
      stamp: fileStamp(systemClock.now()),
      async end(deps, before) {
        const createdAt = Date.parse(backup.about?.created_at ?? '') || 0
        const state = await endRestored(deps, actor, { backup: args.backup, createdAt, before })
        await sealAudit(deps)
        return state
      },
    })
    const result = {
      restored: path,
      kept: kept[0] ?? null,
      ended_sessions: done.endedSessions,
      cancelled_mails: done.cancelledMails,
      new_key: done.newKey ?? null,
      api_keys_revoked: done.endedAgain?.apiKeys ?? null,
      users_disabled: done.endedAgain?.users ?? null,
      ip_blocks_kept: done.endedAgain?.blocks ?? null,
      ip_allow_rules_removed: done.endedAgain?.allows ?? null,
      webhooks_paused: done.endedAgain?.webhooks ?? null,
      kept_closed: done.endedAgain?.closed ?? null,
      deleted_users_back: done.existAgain,
      changed: true,
    }
    out.object(result, [
      `Restored ${path}.`,
      `Ended ${counted(done.endedSessions, 'session')} and all sign-ins, cancelled ${counted(done.cancelledMails, 'mail')}.`,
      ...(done.newKey === undefined ? [] : [`Tokens are signed with the new key ${done.newKey}.`]),
      done.endedAgain
        ? `Took over from the database before: ${counted(done.endedAgain.apiKeys, 'revoked API key')}, ${counted(done.endedAgain.users, 'disabled user')}, ${counted(done.endedAgain.blocks, 'IP block')}, ${counted(done.endedAgain.allows, 'removed allow rule')}, ${counted(done.endedAgain.webhooks, 'paused webhook endpoint')}.`
        : 'No database from before tells what was ended since the backup. Check `authd api-keys list`, `authd users list` and `authd lockdown status`.',
      ...(done.endedAgain?.closed.length ? [`Still closed as before: ${done.endedAgain.closed.join(', ')}.`] : []),
      ...(done.existAgain.length === 0
        ? []
        : [
            `Deleted since the backup, and there again: ${firstOf(done.existAgain).join(', ')}. If that is not what you want: \`authd users delete ID\`.`,
          ]),
      'The backup does not know what else was changed since: addresses, passkeys, authenticator apps, recovery codes, webhook secrets, other settings.',
      ...(kept.length === 0
        ? []
        : [`The database from before is ${kept.join(' with ')}. Delete it when it is not needed.`]),
    ])
  },
})
