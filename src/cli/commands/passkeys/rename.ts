import { Args } from '@oclif/core'
import { renamePasskeyOf, resolvePasskey } from '../../../flows/factors/admin.ts'
import { presentPasskey } from '../../../resources/passkey.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'

export default operation({
  examples: ['authd passkeys rename ada@example.com "Firefox on Linux" "Work laptop"'],
  args: {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
    passkey: Args.string({ required: true, description: 'Passkey id or exact name.' }),
    name: Args.string({ required: true, description: 'The new name.' }),
  },
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { args, out, actor }) {
    const { user, passkey } = await resolvePasskey(deps, args)
    const renamed = await renamePasskeyOf(deps, actor, { user, passkey, name: args.name })
    const text = `Renamed "${passkey.name}" of ${user.email} to "${renamed.name}"`
    const isChanged = passkey.name !== renamed.name
    out.changes([{ resource: presentPasskey(renamed), isChanged, text }])
  },
})
