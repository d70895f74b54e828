import { Flags } from '@oclif/core'
import { listRules } from '../../../flows/limits/ip-filter-admin.ts'
import type { FilterAction } from '../../../store/ip-filters.ts'
import { operation } from '../../command.ts'
import { WITHOUT } from '../../flags.ts'

export default operation({
  without: WITHOUT.results,
  examples: ['authd ipfilter export > blocklist.txt', 'authd ipfilter export --type allow'],
  flags: {
    type: Flags.string({ options: ['allow', 'block'], default: 'block', description: 'Type of rules.' }),
  },
  async run(deps, { flags, out }) {
    const rules = await listRules(deps, { action: flags.type as FilterAction, isExpired: false })
    const lines = rules.map(({ cidr, reason }) => `${cidr} # ${reason}`)
    out.lines(lines)
  },
})
