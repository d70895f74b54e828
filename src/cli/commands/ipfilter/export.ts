import { Flags } from '@oclif/core'
import type { FilterAction } from '../../../store/ip-filters.ts'
import { OperatorCommand } from '../../command.ts'

export default class IpfilterExport extends OperatorCommand {
  static override summary = 'The networks of the rules in force, a line each, as import reads them.'
  static override examples = ['authd ipfilter export > blocklist.txt', 'authd ipfilter export --type allow']
  static override flags = {
    type: Flags.string({ options: ['allow', 'block'], default: 'block', description: 'Which.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(IpfilterExport)
    const { listRules } = await import('../../../flows/limits/ip-filter-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const rules = await listRules(deps, { action: flags.type as FilterAction, isExpired: false })
      const lines = rules.map(({ cidr, reason }) => `${cidr} # ${reason}`)
      if (lines.length > 0) this.output(flags).text(lines.join('\n'))
    })
  }
}
