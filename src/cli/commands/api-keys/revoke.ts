import { Args } from '@oclif/core'
import { endApiKey } from '../../../flows/operator/api-key.ts'
import { presentApiKey } from '../../../resources/api-key.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd api-keys revoke key_01m88jw08vedqtrgrr9eqkmg57'],
  args: { id: Args.string({ required: true, description: 'Key id, from api-keys list.' }) },
  flags: changeFlags,
  async run(deps, { args, out, actor }) {
    const { key, isChanged } = await endApiKey(deps, actor, args.id)
    const text = isChanged
      ? `${out.did('Revoked', 'Would revoke')} ${key.id} (${key.name})`
      : `${key.id} is already revoked`
    out.changes([{ resource: presentApiKey(key), isChanged, text }])
  },
})
