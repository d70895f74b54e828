import { Args } from '@oclif/core'
import { listLimits } from '../../../flows/limits/rate-limit-admin.ts'
import { presentLimitUse } from '../../../resources/rate-limit.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { listFlags } from '../../flags.ts'
import { limitColumns } from '../../limit-columns.ts'

export default operation({
  hasColumns: true,
  examples: ['authd ratelimit show 203.0.113.9', 'authd ratelimit show ada@example.com'],
  args: {
    key: completing(
      'users',
      Args.string({ required: true, description: 'IP address, e-mail address, session id or key id.' }),
    ),
  },
  flags: listFlags,
  async run(deps, { args, flags, out }) {
    await out.parts(
      async (asked) => {
        const { rows, nextCursor } = await listLimits(deps, { key: args.key, ...asked })
        return { rows: rows.map(presentLimitUse), nextCursor }
      },
      limitColumns,
      flags,
    )
  },
})
