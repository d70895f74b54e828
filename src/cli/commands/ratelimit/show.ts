import { Args } from '@oclif/core'
import { listLimits } from '../../../flows/limits/rate-limit-admin.ts'
import { presentLimitUse } from '../../../resources/rate-limit.ts'
import { operation } from '../../command.ts'
import { limitColumns } from '../../limit-columns.ts'

export default operation({
  examples: ['authd ratelimit show 203.0.113.9', 'authd ratelimit show ada@example.com'],
  args: { key: Args.string({ required: true, description: 'IP address, e-mail address, session id or key id.' }) },
  async run(deps, { args, out }) {
    const uses = await listLimits(deps, { key: args.key, limit: 100 })
    out.list(uses.map(presentLimitUse), limitColumns)
  },
})
