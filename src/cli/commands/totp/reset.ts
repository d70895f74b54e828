import { Args } from '@oclif/core'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'
import { confirm } from '../../output/confirm.ts'

export default class TotpReset extends OperatorCommand {
  static override summary = "Take a person's authenticator app away. They are told by mail, and may set up another."
  static override examples = ['authd totp reset ada@example.com --reason "new phone" --yes']
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TotpReset)
    const { resetTotp } = await import('../../../flows/factors/admin.ts')
    const { resolveUser } = await import('../../../flows/named-user.ts')
    const user = await this.withDeps(flags, (deps) => resolveUser(deps, args.user))
    if (!flags['dry-run']) {
      await confirm(flags, `Take the authenticator app of ${user.email} away?`, `authd totp reset ${user.email}`)
    }
    await this.withDeps(flags, async (deps) => {
      const isChanged = await resetTotp(deps, this.operator(flags.reason), user)
      const text = isChanged
        ? `The authenticator app of ${user.email} is gone; they are told by mail`
        : `${user.email} had no authenticator app`
      printChanges(this.output(flags), flags, [{ resource: presentUser(user), isChanged, text }])
    })
  }
}
