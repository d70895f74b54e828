import { resetTotp } from '../../../flows/factors/factor-admin.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, usersArg } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd totp reset ada@example.com --reason "new phone" --yes'],
  args: usersArg,
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { each, out, actor, confirm }) {
    const users = await each((name) => resolveUser(deps, name))
    const whom = users.length === 1 ? users[0]?.email : counted(users.length, 'user')
    if (users.length > 0) await confirm(`Remove the authenticator app of ${whom}?`)
    const changes = []
    for (const user of users) {
      const isChanged = await resetTotp(deps, actor, user)
      const text = isChanged
        ? `${out.did('Removed', 'Would remove')} the authenticator app of ${user.email}. The user ${out.did('gets', 'would get')} a mail.`
        : `${user.email} had no authenticator app`
      changes.push({ resource: presentUser(user), isChanged, text })
    }
    out.changes(changes)
  },
})
