import { resolveUser } from '../../../flows/named-user.ts'
import { unlockUsers } from '../../../flows/policy/lockout-admin.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { presentUser } from '../../../resources/user.ts'
import { clearedText, hadLockout, NOTHING_CLEARED } from '../../cleared-lockouts.ts'
import { operation } from '../../command.ts'
import { changeFlags, usersArg } from '../../flags.ts'

export default operation({
  examples: ['authd users unlock ada@example.com --reason "called, it was her"'],
  args: usersArg,
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { each, out, actor }) {
    const names = (await each((name) => resolveUser(deps, name))).map(({ id }) => id)
    const done = await unlockUsers(deps, actor, names)
    const changes = done.map(({ user, cleared }) => ({
      resource: {
        ...presentUser(user),
        lifted: cleared.map(({ kind, failures, blockedUntil }) => ({
          kind,
          failures,
          blocked_until: blockedUntil === null ? null : toRfc3339(blockedUntil),
        })),
      },
      isChanged: cleared.length > 0,
      text:
        cleared.length > 0
          ? `${hadLockout(cleared) ? out.did('Unlocked', 'Would unlock') : out.did('Reset for', 'Would reset for')} ${user.email}: ${clearedText(cleared)}`
          : `${user.email} ${NOTHING_CLEARED}`,
    }))
    out.changes(changes)
  },
})
