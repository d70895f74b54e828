import { Flags } from '@oclif/core'
import { readSecretsToRotate, rotateServerSecret } from '../../../startup/secret-rotation.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags, WITHOUT } from '../../flags.ts'
import { counted } from '../../output/count.ts'
import { becomeOwner } from '../../privileges.ts'
import { tellEvery } from '../../progress.ts'

export default command({
  without: WITHOUT.database,
  description:
    'Stop every daemon first: the command refuses while one runs. All that is sealed with the server secret is sealed with a new one. Nobody is signed out. If it is interrupted, run it again.',
  examples: ['authd secrets rotate --dry-run', 'authd secrets rotate --reason "the old secret was copied"'],
  flags: {
    'new-secret-file': completing(
      'files',
      Flags.string({
        description:
          'File with the new secret, which you put in place yourself. Defaults to a new one, put in place by authd.',
      }),
    ),
    confirm: Flags.string({ description: 'The word rotate, to confirm.' }),
    ...changeFlags,
  },
  async run({ flags, out, actor, loadConfig, confirmName }) {
    const { config } = await loadConfig()
    const secrets = readSecretsToRotate(config, flags['new-secret-file'])
    await confirmName('rotate', 'This replaces the server secret. Copies of the old one no longer open the database.')
    // An unknown field must be found before anything changes.
    out.silent().object({ values: 0, unreadable: [], kept: null, changed: true }, [])
    becomeOwner(config.dataDir)
    process.umask(0o077)
    const isDry = flags['dry-run']
    const tell = tellEvery(out)
    const done = await rotateServerSecret(config, secrets, {
      actor,
      isDry,
      onProgress: (values) => tell(() => `${isDry ? 'Opened' : 'Sealed'} ${counted(values, 'value')} so far.`),
    })
    const { values, unreadable, kept, newSecretPath } = done
    const isByHand = kept === undefined && !isDry
    const result = { values, unreadable, kept: kept ?? null, changed: true }
    out.object(result, [
      `${out.did('Sealed', 'Would seal')} ${counted(values, 'value')} with a new server secret.`,
      ...(kept === undefined ? [] : [`The new secret is in ${config.secretFile}. The old one is kept in ${kept}.`]),
      ...(isByHand
        ? [
            `The database belongs to the secret in ${newSecretPath} now. Put it in the place of the old one before you start a daemon.`,
          ]
        : []),
    ])
    for (const place of unreadable.slice(0, 20)) out.hint(`Neither secret opens ${place}. It stays as it is.`)
    if (isDry) return
    out.hint(
      'Copy the new secret to the other instances, then start the daemons. Keep the old one as long as backups need it.',
    )
  },
})
