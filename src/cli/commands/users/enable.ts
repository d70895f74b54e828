import { resolveUser } from '../../../flows/named-user.ts'
import { enableUsers } from '../../../flows/users/disable.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, usersArg } from '../../flags.ts'

export default operation({
  examples: ['authd users enable ada@example.com --reason "back from leave"'],
  args: usersArg,
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { each, out, actor }) {
    const names = (await each((name) => resolveUser(deps, name))).map(({ id }) => id)
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
