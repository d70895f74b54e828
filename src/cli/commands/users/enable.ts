import { enableUsers } from '../../../flows/users/disable.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, usersArg } from '../../flags.ts'

export default operation({
  examples: ['authd users enable ada@example.com --reason "back from leave"'],
  args: usersArg,
  takesMany: true,
  flags: changeFlags,
  async run(deps, { names, out, actor }) {
    const changed = await enableUsers(deps, actor, { names })
    out.changes(
      changed.map(({ user, isChanged, sessionsEnded }) => ({
        resource: { ...presentUser(user), sessions_revoked: sessionsEnded },
        isChanged,
        text: isChanged ? `${out.did('Enabled', 'Would enable')} ${user.email}` : `${user.email} was not disabled`,
      })),
    )
  },
})
