import { Args } from '@oclif/core'
import { resetTotp } from '../../../flows/factors/admin.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { confirm } from '../../output/confirm.ts'

export default operation({
  examples: ['authd totp reset ada@example.com --reason "new phone" --yes'],
  args: {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  },
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { args, flags, out, actor }) {
    const user = await resolveUser(deps, args.user)
    if (!flags['dry-run']) {
      await confirm(flags, `Remove the authenticator app of ${user.email}?`, `authd totp reset ${user.email}`)
    }
    const isChanged = await resetTotp(deps, actor, user)
    const text = isChanged
      ? `Removed the authenticator app of ${user.email}. The user gets a mail.`
      : `${user.email} had no authenticator app`
    out.changes([{ resource: presentUser(user), isChanged, text }])
  },
})
