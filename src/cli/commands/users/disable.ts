import { Args } from '@oclif/core'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class UsersDisable extends OperatorCommand {
  static override summary = 'Keep somebody out: sessions, links and waiting mails end at once.'
  static override examples = ['authd users disable ada@example.com --reason "left the company"']
  static override strict = false
  static override args = {
    user: Args.string({ required: true, description: 'Addresses or ids; - reads them from stdin.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(UsersDisable)
    const { disableUsers } = await import('../../../flows/users/disable.ts')
    const names = await this.named(argv as string[])
    await this.withDeps(flags, async (deps) => {
      const changed = await disableUsers(deps, this.operator(flags.reason), { names, reason: flags.reason ?? null })
      printChanges(
        this.output(flags),
        flags,
        changed.map(({ user, isChanged, sessionsEnded }) => ({
          resource: { ...presentUser(user), sessions_revoked: sessionsEnded },
          isChanged,
          text: isChanged
            ? `Disabled ${user.email}, ended ${sessionsEnded} sessions`
            : `${user.email} was disabled already`,
        })),
      )
    })
  }
}
