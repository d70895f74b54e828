import { Args } from '@oclif/core'
import { disableUsers } from '../../../flows/users/disable.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'

export default operation({
  examples: ['authd users disable ada@example.com --reason "left the company"'],
  args: {
    user: Args.string({ required: true, description: 'Addresses or ids; - reads them from stdin.' }),
  },
  takesMany: true,
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { flags, names, out, actor }) {
    const changed = await disableUsers(deps, actor, { names, reason: flags.reason ?? null })
    out.changes(
      changed.map(({ user, isChanged, sessionsEnded }) => ({
        resource: { ...presentUser(user), sessions_revoked: sessionsEnded },
        isChanged,
        text: isChanged
          ? `Disabled ${user.email}, ended ${sessionsEnded} sessions`
          : `${user.email} was disabled already`,
      })),
    )
  },
})
