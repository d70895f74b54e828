import { Args } from '@oclif/core'
import { resetLimits } from '../../../flows/limits/rate-limit-admin.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd ratelimit reset 203.0.113.9 --reason "office with 200 people"'],
  args: {
    key: completing(
      'users',
      Args.string({
        required: true,
        description: 'IP and e-mail addresses, session or key ids. `-` reads them from stdin.',
      }),
    ),
  },
  takesMany: 'new',
  flags: changeFlags,
  async run(deps, { names, out, actor }) {
    const changes = []
    for (const key of names) {
      const policies = (await resetLimits(deps, actor, key)).map(({ policy }) => policy)
      const isChanged = policies.length > 0
      const text = isChanged
        ? `${out.did('Reset', 'Would reset')} ${policies.join(', ')} of ${key}`
        : `No limits are counted for ${key}`
      changes.push({ resource: { key, policies }, isChanged, text })
    }
    out.changes(changes)
  },
})
