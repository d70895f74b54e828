import { Args } from '@oclif/core'
import { renamePasskeyOf, resolvePasskey } from '../../../flows/factors/factor-admin.ts'
import { presentPasskey } from '../../../resources/passkey.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags, userArg } from '../../flags.ts'
import { parseTyped } from '../../parse-text.ts'

export default operation({
  examples: ['authd passkeys rename ada@example.com "Firefox on Linux" "Work laptop"'],
  args: {
    ...userArg,
    passkey: completing('passkeys', Args.string({ required: true, description: 'Passkey id or exact name.' })),
    name: Args.custom<string>({ parse: async (text) => parseTyped('passkey_name', text) })({
      required: true,
      description: 'The new name.',
    }),
  },
  flags: changeFlags,
  async run(deps, { args, out, actor }) {
    const { user, passkey } = await resolvePasskey(deps, args)
    const renamed = await renamePasskeyOf(deps, actor, { user, passkey, name: args.name })
    const text = `${out.did('Renamed', 'Would rename')} "${passkey.name}" of ${user.email} to "${renamed.name}"`
    const isChanged = passkey.name !== renamed.name
    out.changes([{ resource: presentPasskey(renamed), isChanged, text }])
  },
})
