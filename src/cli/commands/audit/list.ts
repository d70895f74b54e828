import { Flags } from '@oclif/core'
import { listAudit } from '../../../flows/audit/audit.ts'
import { type EventResource, presentEvent } from '../../../resources/audit-event.ts'
import { auditFlags, auditQuery } from '../../audit/filter.ts'
import { operation } from '../../command.ts'
import { paginationOf } from '../../flags.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<EventResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'TIME', value: ({ time }) => time, isTime: true },
  { header: 'EVENT', value: ({ event_type }) => event_type },
  { header: 'OUTCOME', value: ({ outcome }) => outcome },
  { header: 'E-MAIL', value: ({ email }) => email },
  { header: 'IP', value: ({ ip }) => ip },
  { header: 'ACTOR', value: ({ actor }) => actor },
]

export default operation({
  examples: [
    'authd audit list --user ada@example.com --since 7d',
    "authd audit list --ip 203.0.113.0/24 --outcome failure --event 'user.*'",
  ],
  flags: {
    ...auditFlags,
    limit: Flags.integer({ default: 50, min: 1, max: 1000, description: 'Maximum number of results.' }),
    cursor: Flags.integer({ min: 1, description: 'Continue after the last list.' }),
    reverse: Flags.boolean({ description: 'Oldest first.' }),
  },
  async run(deps, { flags, out }) {
    const pagination = paginationOf(flags)
    const { events, nextCursor } = await listAudit(deps, await auditQuery(deps, flags), pagination)
    const shown = events.map(presentEvent)
    const options = { nextCursor: nextCursor === null ? null : String(nextCursor) }
    out.list(flags.reverse ? shown.reverse() : shown, COLUMNS, options)
  },
})
