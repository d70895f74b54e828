import { Args } from '@oclif/core'
import { removeIpFilters } from '../../../flows/limits/ip-filter-admin.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd ipfilter remove 203.0.113.0/24 --reason "it was a customer"'],
  args: {
    rule: Args.string({ required: true, description: 'Networks or rule ids; - reads them from stdin.' }),
  },
  takesMany: true,
  flags: changeFlags,
  async run(deps, { names, out, actor }) {
    const removed = await removeIpFilters(deps, actor, names)
    const changes = removed.map((filter) => ({
      resource: presentIpFilter(filter),
      isChanged: true,
      text: `${out.did('Removed', 'Would remove')} ${filter.action} ${filter.cidr} (${filter.reason})`,
    }))
    out.changes(changes)
  },
})
