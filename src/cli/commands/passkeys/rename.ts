import { Args } from '@oclif/core'
import { presentPasskey } from '../../../resources/passkey.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class PasskeysRename extends OperatorCommand {
  static override summary = 'Give a passkey another name.'
  static override examples = ['authd passkeys rename ada@example.com "Firefox on Linux" "Work laptop"']
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
    passkey: Args.string({ required: true, description: 'Its id, or its exact name.' }),
    name: Args.string({ required: true, description: 'The new name.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PasskeysRename)
    const { renamePasskeyOf, resolvePasskey } = await import('../../../flows/factors/admin.ts')
    await this.withDeps(flags, async (deps) => {
      const { user, passkey } = await resolvePasskey(deps, args)
      const renamed = await renamePasskeyOf(deps, this.operator(flags.reason), { user, passkey, name: args.name })
      const text = `Renamed "${passkey.name}" of ${user.email} to "${renamed.name}"`
      const isChanged = passkey.name !== renamed.name
      printChanges(this.output(flags), flags, [{ resource: presentPasskey(renamed), isChanged, text }])
    })
  }
}
