import { Args } from '@oclif/core'
import { removePasskeyOf, resolvePasskey } from '../../../flows/factors/factor-admin.ts'
import { presentPasskey } from '../../../resources/passkey.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags, userArg } from '../../flags.ts'

export default operation({
  examples: ['authd passkeys remove ada@example.com "YubiKey 5" --reason "lost" --yes'],
  args: {
    ...userArg,
    passkey: completing('passkeys', Args.string({ required: true, description: 'Passkey id or exact name.' })),
  },
  flags: changeFlags,
  async run(deps, { args, out, actor, confirm }) {
    const found = await resolvePasskey(deps, args)
    const { user, passkey, isLastFactor } = found
    const last = isLastFactor ? ' It is the last second factor of this user.' : ''
    await confirm(`Remove "${passkey.name}" of ${user.email}?${last}`)
    const isChanged = await removePasskeyOf(deps, actor, found)
    const text = isChanged
      ? `${out.did('Removed', 'Would remove')} "${passkey.name}" of ${user.email}`
      : 'The passkey was already removed'
    out.changes([{ resource: presentPasskey(passkey), isChanged, text }])
  },
})
