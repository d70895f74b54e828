import { Args } from '@oclif/core'
import { resetLimits } from '../../../flows/limits/rate-limit-admin.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd ratelimit reset 203.0.113.9 --reason "office with 200 people"'],
  args: { key: Args.string({ required: true, description: 'IP address, e-mail address, session id or key id.' }) },
  flags: changeFlags,
  async run(deps, { args, out, actor }) {
    const forgotten = await resetLimits(deps, actor, args.key)
    const policies = forgotten.map(({ policy }) => policy)
    const text =
      policies.length > 0
        ? `${out.did('Reset', 'Would reset')} ${policies.join(', ')} of ${args.key}`
        : `No limits are counted for ${args.key}`
    out.changes([{ resource: { key: args.key, policies }, isChanged: policies.length > 0, text }])
  },
})
