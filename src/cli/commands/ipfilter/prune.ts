import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { dryRunFlag, OperatorCommand } from '../../command.ts'

export default class IpfilterPrune extends OperatorCommand {
  static override summary = 'Take away the rules that have expired; they count for nothing already.'
  static override examples = ['authd ipfilter prune --dry-run']
  static override flags = { ...dryRunFlag }

  async run(): Promise<void> {
    const { flags } = await this.parse(IpfilterPrune)
    const { pruneIpFilters } = await import('../../../flows/limits/ip-filter-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const removed = await pruneIpFilters(deps, this.operator())
      const verb = flags['dry-run'] ? 'Would remove' : 'Removed'
      const lines = [`${verb} ${removed.length} rules.`, ...removed.map(({ cidr, reason }) => `  ${cidr} (${reason})`)]
      this.output(flags).many(removed.map(presentIpFilter), lines)
    })
  }
}
