import { Args } from '@oclif/core'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class IpfilterRemove extends OperatorCommand {
  static override summary = 'Take rules away, by network or id.'
  static override examples = ['authd ipfilter remove 203.0.113.0/24 --reason "it was a customer"']
  static override strict = false
  static override args = {
    rule: Args.string({ required: true, description: 'Networks or ids; - reads them from stdin.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(IpfilterRemove)
    const { removeIpFilters } = await import('../../../flows/limits/ip-filter-admin.ts')
    const names = await this.named(argv as string[])
    await this.withDeps(flags, async (deps) => {
      const removed = await removeIpFilters(deps, this.operator(flags.reason), names)
      const changes = removed.map((filter) => ({
        resource: presentIpFilter(filter),
        isChanged: true,
        text: `Removed ${filter.action} ${filter.cidr} (${filter.reason})`,
      }))
      printChanges(this.output(flags), flags, changes)
    })
  }
}
