import { Flags } from '@oclif/core'
import { listLimits } from '../../../flows/limits/rate-limit-admin.ts'
import { presentLimitUse } from '../../../resources/rate-limit.ts'
import { operation } from '../../command.ts'
import { limitColumns } from '../../limit-columns.ts'

export default operation({
  examples: ['authd ratelimit list', 'authd ratelimit list --limit 500 --json'],
  flags: { limit: Flags.integer({ default: 20, min: 1, max: 10_000, description: 'Maximum number of results.' }) },
  async run(deps, { flags, out }) {
    const uses = await listLimits(deps, { limit: flags.limit })
    out.list(uses.map(presentLimitUse), limitColumns)
  },
})
