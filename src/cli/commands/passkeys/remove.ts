import { Args } from '@oclif/core'
import { removePasskeyOf, resolvePasskey } from '../../../flows/factors/admin.ts'
import { presentPasskey } from '../../../resources/passkey.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { confirm } from '../../output/confirm.ts'

export default operation({
  examples: ['authd passkeys remove ada@example.com "YubiKey 5" --reason "lost" --yes'],
  args: {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
    passkey: Args.string({ required: true, description: 'Passkey id or exact name.' }),
  },
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { args, flags, out, actor }) {
    const found = await resolvePasskey(deps, args)
    const { user, passkey, isLastFactor } = found
    if (!flags['dry-run']) {
      const last = isLastFactor ? ' It is the last second factor of this user.' : ''
      const again = `authd passkeys remove ${user.email} ${passkey.id}`
      await confirm(flags, `Remove "${passkey.name}" of ${user.email}?${last}`, again)
    }
    const isChanged = await removePasskeyOf(deps, actor, found)
    const text = isChanged ? `Removed "${passkey.name}" of ${user.email}` : 'The passkey was already removed'
    out.changes([{ resource: presentPasskey(passkey), isChanged, text }])
  },
})
