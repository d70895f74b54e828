import { Args } from '@oclif/core'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'
import { confirm } from '../../output/confirm.ts'

export default class RecoveryCodesReset extends OperatorCommand {
  static override summary = "End a person's recovery codes. They make new ones on their account page."
  static override examples = ['authd recovery-codes reset ada@example.com --reason "list was photographed" --yes']
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RecoveryCodesReset)
    const { resetRecoveryCodes } = await import('../../../flows/factors/admin.ts')
    const { resolveUser } = await import('../../../flows/named-user.ts')
    const user = await this.withDeps(flags, (deps) => resolveUser(deps, args.user))
    if (!flags['dry-run']) {
      await confirm(flags, `End the recovery codes of ${user.email}?`, `authd recovery-codes reset ${user.email}`)
    }
    await this.withDeps(flags, async (deps) => {
      const isChanged = await resetRecoveryCodes(deps, this.operator(flags.reason), user)
      const text = isChanged ? `The recovery codes of ${user.email} are ended` : `${user.email} had no recovery codes`
      printChanges(this.output(flags), flags, [{ resource: presentUser(user), isChanged, text }])
    })
  }
}
