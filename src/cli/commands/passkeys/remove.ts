import { Args } from '@oclif/core'
import { presentPasskey } from '../../../resources/passkey.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'
import { confirm } from '../../output/confirm.ts'

export default class PasskeysRemove extends OperatorCommand {
  static override summary = 'Take a passkey away. The person is told by mail.'
  static override examples = ['authd passkeys remove ada@example.com "YubiKey 5" --reason "lost" --yes']
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
    passkey: Args.string({ required: true, description: 'Its id, or its exact name.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PasskeysRemove)
    const { removePasskeyOf, resolvePasskey } = await import('../../../flows/factors/admin.ts')
    const found = await this.withDeps(flags, (deps) => resolvePasskey(deps, args))
    const { user, passkey, isLastFactor } = found
    if (!flags['dry-run']) {
      const last = isLastFactor ? ' It is their last second factor.' : ''
      const again = `authd passkeys remove ${user.email} ${passkey.id}`
      await confirm(flags, `Remove "${passkey.name}" of ${user.email}?${last}`, again)
    }
    await this.withDeps(flags, async (deps) => {
      const isChanged = await removePasskeyOf(deps, this.operator(flags.reason), found)
      const text = isChanged ? `Removed "${passkey.name}" of ${user.email}` : 'It was gone already'
      printChanges(this.output(flags), flags, [{ resource: presentPasskey(passkey), isChanged, text }])
    })
  }
}
