import { Args } from '@oclif/core'
import { enableUsers } from '../../../flows/users/disable.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'

export default operation({
  examples: ['authd users enable ada@example.com --reason "back from leave"'],
  args: {
    user: Args.string({ required: true, description: 'Addresses or ids; - reads them from stdin.' }),
  },
  takesMany: true,
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { names, out, actor }) {
    const changed = await enableUsers(deps, actor, { names })
    out.changes(
      changed.map(({ user, isChanged, sessionsEnded }) => ({
        resource: { ...presentUser(user), sessions_revoked: sessionsEnded },
        isChanged,
        text: isChanged ? `Enabled ${user.email}` : `${user.email} was not disabled`,
      })),
    )
  },
})
