import { Flags } from '@oclif/core'
import { type IpFilterResource, presentIpFilter } from '../../../resources/ip-filter.ts'
import type { FilterAction } from '../../../store/ip-filters.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<IpFilterResource>[] = [
  { header: 'CIDR', value: ({ cidr }) => cidr },
  { header: 'TYPE', value: ({ action }) => action },
  { header: 'SCOPE', value: ({ scope }) => scope },
  { header: 'REASON', value: ({ reason }) => reason },
  { header: 'BY', value: ({ created_by }) => created_by },
  { header: 'CREATED', value: ({ created_at }) => created_at, isTime: true },
  { header: 'EXPIRES', value: ({ expires_at }) => expires_at, isTime: true },
]

export default class IpfilterList extends OperatorCommand {
  static override summary = 'The rules in force, in the order of their making.'
  static override examples = ['authd ipfilter list', 'authd ipfilter list --type block --json']
  static override flags = {
    type: Flags.string({ options: ['allow', 'block'], description: 'Only these.' }),
    expired: Flags.boolean({ description: 'Those that have expired instead.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(IpfilterList)
    const { listRules } = await import('../../../flows/limits/ip-filter-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const action = flags.type as FilterAction | undefined
      const rules = await listRules(deps, { action, isExpired: flags.expired })
      this.output(flags).list(rules.map(presentIpFilter), COLUMNS)
    })
  }
}
