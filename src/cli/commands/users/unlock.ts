import { Args } from '@oclif/core'
import { toRfc3339 } from '../../../platform/clock.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class UsersUnlock extends OperatorCommand {
  static override summary = 'Lift what wrong codes have braked or switched off.'
  static override examples = ['authd users unlock ada@example.com --reason "called, it was her"']
  static override strict = false
  static override args = {
    user: Args.string({ required: true, description: 'Addresses or ids; - reads them from stdin.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(UsersUnlock)
    const { unlockUsers } = await import('../../../flows/policy/lockout-admin.ts')
    const names = await this.named(argv as string[])
    await this.withDeps(flags, async (deps) => {
      const done = await unlockUsers(deps, this.operator(flags.reason), names)
      const changes = done.map(({ user, lifted }) => ({
        resource: {
          ...presentUser(user),
          lifted: lifted.map(({ kind, failures, blockedUntil }) => ({
            kind,
            failures,
            blocked_until: blockedUntil === null ? null : toRfc3339(blockedUntil),
          })),
        },
        isChanged: lifted.length > 0,
        text:
          lifted.length > 0
            ? `Unlocked ${user.email}: ${lifted.map(({ kind, failures }) => `${kind} (${failures} wrong)`).join(', ')}`
            : `${user.email} was not locked`,
      }))
      printChanges(this.output(flags), flags, changes)
    })
  }
}
