import { Args, Flags } from '@oclif/core'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'
import { confirmName } from '../../output/confirm.ts'

export default class UsersDelete extends OperatorCommand {
  static override summary = 'Remove somebody, with sessions and devices. The audit log keeps what happened.'
  static override examples = [
    'authd users delete ada@example.com',
    'authd users delete ada@example.com --confirm=ada@example.com',
  ]
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  }
  static override flags = {
    confirm: Flags.string({ description: "The person's address: says yes without asking." }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UsersDelete)
    const { removeUser } = await import('../../../flows/users/delete.ts')
    const { resolveUser } = await import('../../../flows/named-user.ts')
    const user = await this.withDeps(flags, (deps) => resolveUser(deps, args.user))
    // Asked between two openings: no lock is held while somebody thinks.
    if (!flags['dry-run']) {
      const question = `This removes ${user.email} and cannot be undone.`
      await confirmName(flags, { question, name: user.email, again: `authd users delete ${args.user}` })
    }
    await this.withDeps(flags, async (deps) => {
      const { isChanged, sessionsEnded } = await removeUser(deps, this.operator(flags.reason), user)
      const text = isChanged
        ? `Deleted ${user.email}, ended ${sessionsEnded} sessions`
        : `${user.email} was gone already`
      const resource = { ...presentUser(user), sessions_revoked: sessionsEnded }
      printChanges(this.output(flags), flags, [{ resource, isChanged, text }])
    })
  }
}
