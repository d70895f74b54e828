import { listLimits } from '../../../flows/limits/rate-limit-admin.ts'
import { presentLimitUse } from '../../../resources/rate-limit.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import { limitColumns } from '../../limit-columns.ts'

export default operation({
  hasColumns: true,
  examples: ['authd ratelimit list', 'authd ratelimit list --limit 500 --json'],
  flags: listFlags,
  async run(deps, { flags, out }) {
    await out.parts(
      async (asked) => {
        const { rows, nextCursor } = await listLimits(deps, asked)
        return { rows: rows.map(presentLimitUse), nextCursor }
      },
      limitColumns,
      flags,
    )
  },
})
