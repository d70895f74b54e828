import { Args } from '@oclif/core'
import { resetRecoveryCodes } from '../../../flows/factors/admin.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { confirm } from '../../output/confirm.ts'

export default operation({
  examples: ['authd recovery-codes reset ada@example.com --reason "list was photographed" --yes'],
  args: {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  },
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { args, flags, out, actor }) {
    const user = await resolveUser(deps, args.user)
    if (!flags['dry-run']) {
      await confirm(flags, `Revoke the recovery codes of ${user.email}?`, `authd recovery-codes reset ${user.email}`)
    }
    const isChanged = await resetRecoveryCodes(deps, actor, user)
    const text = isChanged ? `Revoked the recovery codes of ${user.email}` : `${user.email} had no recovery codes`
    out.changes([{ resource: presentUser(user), isChanged, text }])
  },
})
