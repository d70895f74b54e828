import { resetRecoveryCodes } from '../../../flows/factors/factor-admin.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, userArg } from '../../flags.ts'

export default operation({
  examples: ['authd recovery-codes reset ada@example.com --reason "list was photographed" --yes'],
  args: userArg,
  flags: changeFlags,
  async run(deps, { args, out, actor, confirm }) {
    const user = await resolveUser(deps, args.user)
    await confirm(`Revoke the recovery codes of ${user.email}?`)
    const isChanged = await resetRecoveryCodes(deps, actor, user)
    const text = isChanged
      ? `${out.did('Revoked', 'Would revoke')} the recovery codes of ${user.email}`
      : `${user.email} had no recovery codes`
    out.changes([{ resource: presentUser(user), isChanged, text }])
  },
})
