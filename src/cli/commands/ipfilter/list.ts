import { Flags } from '@oclif/core'
import { listRules } from '../../../flows/limits/ip-filter-admin.ts'
import { type IpFilterResource, presentIpFilter } from '../../../resources/ip-filter.ts'
import type { FilterAction } from '../../../store/ip-filters.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'
import { heldRows } from '../../output/parts.ts'

const COLUMNS: Column<IpFilterResource>[] = [
  { header: 'CIDR', value: ({ cidr }) => cidr },
  { header: 'TYPE', value: ({ action }) => action },
  { header: 'SCOPE', spare: 3, value: ({ scope }) => scope },
  { header: 'REASON', isText: true, value: ({ reason }) => reason },
  { header: 'BY', isText: true, spare: 1, value: ({ created_by }) => created_by },
  { header: 'CREATED', spare: 2, value: ({ created_at }) => created_at, isTime: true },
  { header: 'EXPIRES', value: ({ expires_at }) => expires_at, isTime: true },
]

export default operation({
  hasColumns: true,
  examples: ['authd ipfilter list', 'authd ipfilter list --type block --json'],
  flags: {
    type: Flags.string({ options: ['allow', 'block'], description: 'Only rules of this type.' }),
    expired: Flags.boolean({ description: 'List expired rules instead.' }),
    ...listFlags,
  },
  async run(deps, { flags, out }) {
    const action = flags.type as FilterAction | undefined
    const rules = await listRules(deps, { action, isExpired: flags.expired })
    await out.parts(
      heldRows(rules.map(presentIpFilter), ({ id }) => id),
      COLUMNS,
      flags,
    )
  },
})
