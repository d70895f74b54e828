import { Args } from '@oclif/core'
import { endApiKey, namedApiKey } from '../../../flows/operator/api-key.ts'
import { presentApiKey } from '../../../resources/api-key.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd api-keys revoke key_01m88jw08vedqtrgrr9eqkmg57'],
  args: {
    id: completing(
      'api-keys',
      Args.string({
        required: true,
        description: 'Ids or names of keys, as `authd api-keys list` shows them. `-` reads them from stdin.',
      }),
    ),
  },
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { each, out, actor }) {
    const changes = []
    for (const { id } of await each((name) => namedApiKey(deps, name))) {
      const { key, isChanged } = await endApiKey(deps, actor, id)
      const text = isChanged ? `${out.did('Revoked', 'Would revoke')} ${id} (${key.name})` : `${id} is already revoked`
      changes.push({ resource: presentApiKey(key), isChanged, text })
    }
    out.changes(changes)
  },
})
