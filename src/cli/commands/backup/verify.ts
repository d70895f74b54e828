import { AuthdError } from '../../../errors.ts'
import { backupFolder, pathOfBackup } from '../../../startup/backup-files.ts'
import { type Checked, openBackup, withScratch } from '../../../startup/restore.ts'
import { backupArg, folderFlag, identityFlag, readIdentity, removeLeft, searchPath } from '../../backup-flags.ts'
import { command } from '../../command.ts'
import { WITHOUT } from '../../flags.ts'
import { renderCard } from '../../output/card.ts'
import { becomeOwner } from '../../privileges.ts'

const SECRETS: Record<Checked['secret'], string> = {
  fits: 'fits',
  missing: 'no server secret is configured here',
  other: 'is another one',
}

const BESIDE: Record<NonNullable<Checked['secretBeside']>, string> = {
  fits: 'fits',
  other: 'is another one',
  unreadable: 'cannot be read',
}

export default command({
  without: WITHOUT.database,
  description:
    'Restores it into a private folder and reads all of it. Checks that the server secret of this machine fits, and the one beside the backup, which another machine needs. The database is not touched.',
  examples: ['authd backup verify authd-2026-11-28T03-10-00Z', 'authd backup verify /mnt/backups/authd.sqlite'],
  args: backupArg,
  flags: { ...folderFlag, ...identityFlag },
  async run({ args, flags, out, loadConfig }) {
    const { config } = await loadConfig()
    const folder = backupFolder(config, flags.folder)
    const path = pathOfBackup(folder, args.backup)
    const identity = await readIdentity(flags)
    const backup = await openBackup(config, path, { searchPath: searchPath(), identity })
    becomeOwner(config.dataDir)
    removeLeft(config, folder, out)
    const { about } = backup
    const found = await withScratch(config, config.dataDir, backup, (_, checked) => checked)
    const { unknown, schema, rows, secret, secretBeside, differing, fittingSecret } = found
    const fitsHere = unknown.length === 0 && secret === 'fits' && differing.length === 0
    const isOk = fitsHere && (secretBeside ?? 'fits') === 'fits'
    const secrets = { secret, secret_beside: secretBeside ?? null, fitting_secret: fittingSecret ?? null }
    const result = { ...{ path, ok: isOk, schema }, ...secrets, rows, differing, unknown_migrations: unknown }
    out.object(
      result,
      renderCard([
        ['backup', path],
        ['pages', 'all readable'],
        ['schema', unknown.length === 0 ? schema : `${schema}, from a newer authd`],
        ['secret', fittingSecret === undefined ? SECRETS[secret] : `${SECRETS[secret]}; ${fittingSecret} fits`],
        ['secret beside', secretBeside && BESIDE[secretBeside]],
        ['rows', about === undefined ? 'not known from the time of the backup' : rowsInWords(differing)],
      ]),
    )
    if (isOk) return
    const message = fitsHere
      ? `The backup ${path} cannot be restored on another machine with the server secret beside it.`
      : `The backup ${path} cannot be restored here.`
    throw new AuthdError('FAILED', { message })
  },
})

function rowsInWords(differing: string[]): string {
  return differing.length === 0 ? 'as many as when it was made' : `differ in ${differing.join(', ')}`
}
