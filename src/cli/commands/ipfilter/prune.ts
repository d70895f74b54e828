import { pruneIpFilters } from '../../../flows/limits/ip-filter-admin.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { operation } from '../../command.ts'
import { dryRunFlag } from '../../flags.ts'

import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd ipfilter prune --dry-run'],
  flags: dryRunFlag,
  async run(deps, { out, actor }) {
    const removed = await pruneIpFilters(deps, actor)
    const lines = [
      `${out.did('Removed', 'Would remove')} ${counted(removed.length, 'rule')}.`,
      ...removed.map(({ cidr, reason }) => `  ${out.did('removed', 'would remove')} ${cidr} (${reason})`),
    ]
    out.many(
      removed.map((filter) => ({ ...presentIpFilter(filter), changed: true })),
      lines,
    )
  },
})
