import { resolveUser } from '../../../flows/named-user.ts'
import { disableUsers } from '../../../flows/users/disable.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, usersArg } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd users disable ada@example.com --reason "left the company"'],
  args: usersArg,
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { flags, each, out, actor }) {
    const names = (await each((name) => resolveUser(deps, name))).map(({ id }) => id)
    const changed = await disableUsers(deps, actor, { names, reason: flags.reason ?? null })
    out.changes(
      changed.map(({ user, isChanged, sessionsEnded }) => ({
        resource: { ...presentUser(user), sessions_revoked: sessionsEnded },
        isChanged,
        text: isChanged
          ? `${out.did('Disabled', 'Would disable')} ${user.email}, ${out.did('ended', 'would end')} ${counted(sessionsEnded, 'session')}`
          : `${user.email} is already disabled`,
      })),
    )
  },
})
