import { Flags } from '@oclif/core'
import { followAudit, listAudit } from '../../../flows/audit/audit.ts'
import { readCursor } from '../../../flows/pagination.ts'
import { type EventResource, presentEvent } from '../../../resources/audit-event.ts'
import { auditFlags, auditQuery } from '../../audit/filter.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

const COLUMNS: Column<EventResource>[] = [
  { header: 'ID', spare: 2, value: ({ id }) => id },
  { header: 'TIME', value: ({ time }) => time, isTime: true },
  { header: 'EVENT', value: ({ event_type }) => event_type },
  { header: 'OUTCOME', spare: 4, value: ({ outcome }) => outcome },
  { header: 'E-MAIL', isText: true, value: ({ email }) => email },
  { header: 'IP', spare: 3, value: ({ ip }) => ip },
  { header: 'ACTOR', isText: true, spare: 1, value: ({ actor }) => actor },
]

export default operation({
  hasColumns: true,
  examples: [
    'authd audit list --user ada@example.com --since 7d',
    "authd audit list --ip 203.0.113.0/24 --outcome failure --event 'user.*'",
  ],
  flags: {
    ...auditFlags,
    ...listFlags,
    reverse: Flags.boolean({ description: 'Oldest first.' }),
  },
  async run(deps, { flags, out }) {
    const query = await auditQuery(deps, flags)
    await out.parts(
      async ({ limit, cursor }) => {
        const at = cursor === undefined ? undefined : readCursor(cursor, 0).number
        if (flags.reverse) {
          const { events, after, isMore } = await followAudit(deps, query, { after: at ?? 0, limit })
          return { rows: events.map(presentEvent), nextCursor: isMore ? String(after) : null }
        }
        const part = { limit, before: at, within: Number.POSITIVE_INFINITY }
        const { events, nextCursor } = await listAudit(deps, query, part)
        return { rows: events.map(presentEvent), nextCursor: nextCursor === null ? null : String(nextCursor) }
      },
      COLUMNS,
      flags,
    )
  },
})
