import { resetRecoveryCodes } from '../../../flows/factors/factor-admin.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, usersArg } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd recovery-codes reset ada@example.com --reason "list was photographed" --yes'],
  args: usersArg,
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { each, out, actor, confirm }) {
    const users = await each((name) => resolveUser(deps, name))
    const whom = users.length === 1 ? users[0]?.email : counted(users.length, 'user')
    if (users.length > 0) await confirm(`Revoke the recovery codes of ${whom}?`)
    const changes = []
    for (const user of users) {
      const isChanged = await resetRecoveryCodes(deps, actor, user)
      const text = isChanged
        ? `${out.did('Revoked', 'Would revoke')} the recovery codes of ${user.email}`
        : `${user.email} had no recovery codes`
      changes.push({ resource: presentUser(user), isChanged, text })
    }
    out.changes(changes)
  },
})
