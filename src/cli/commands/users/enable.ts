import { Args } from '@oclif/core'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class UsersEnable extends OperatorCommand {
  static override summary = 'Let somebody sign in again.'
  static override examples = ['authd users enable ada@example.com --reason "back from leave"']
  static override strict = false
  static override args = {
    user: Args.string({ required: true, description: 'Addresses or ids; - reads them from stdin.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(UsersEnable)
    const { enableUsers } = await import('../../../flows/users/disable.ts')
    const names = await this.named(argv as string[])
    await this.withDeps(flags, async (deps) => {
      const changed = await enableUsers(deps, this.operator(flags.reason), { names })
      printChanges(
        this.output(flags),
        flags,
        changed.map(({ user, isChanged, sessionsEnded }) => ({
          resource: { ...presentUser(user), sessions_revoked: sessionsEnded },
          isChanged,
          text: isChanged ? `Enabled ${user.email}` : `${user.email} was not disabled`,
        })),
      )
    })
  }
}
