import { pruneIpFilters } from '../../../flows/limits/ip-filter-admin.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { dryRunFlag, operation } from '../../command.ts'

export default operation({
  examples: ['authd ipfilter prune --dry-run'],
  flags: { ...dryRunFlag },
  async run(deps, { flags, out, actor }) {
    const removed = await pruneIpFilters(deps, actor)
    const verb = flags['dry-run'] ? 'Would remove' : 'Removed'
    const lines = [`${verb} ${removed.length} rules.`, ...removed.map(({ cidr, reason }) => `  ${cidr} (${reason})`)]
    out.many(removed.map(presentIpFilter), lines)
  },
})
