import { resetTotp } from '../../../flows/factors/factor-admin.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, userArg } from '../../flags.ts'

export default operation({
  examples: ['authd totp reset ada@example.com --reason "new phone" --yes'],
  args: userArg,
  flags: changeFlags,
  async run(deps, { args, out, actor, confirm }) {
    const user = await resolveUser(deps, args.user)
    await confirm(`Remove the authenticator app of ${user.email}?`)
    const isChanged = await resetTotp(deps, actor, user)
    const text = isChanged
      ? `${out.did('Removed', 'Would remove')} the authenticator app of ${user.email}. The user ${out.did('gets', 'would get')} a mail.`
      : `${user.email} had no authenticator app`
    out.changes([{ resource: presentUser(user), isChanged, text }])
  },
})
