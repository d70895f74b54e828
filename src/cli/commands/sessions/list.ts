import { Flags } from '@oclif/core'
import { listAllSessions } from '../../../flows/sessions/session-admin.ts'
import { presentSession, type SessionResource } from '../../../resources/session.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { listFlags, paginationOf, timeFlag } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

const COLUMNS: Column<SessionResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'USER', isText: true, value: ({ email }) => email },
  { header: 'METHOD', spare: 3, value: ({ amr }) => amr.join('+') },
  { header: 'DEVICE', isText: true, value: ({ device }) => device },
  { header: 'IP', spare: 4, value: ({ ip }) => ip },
  { header: 'CREATED', spare: 1, value: ({ created_at }) => created_at, isTime: true },
  { header: 'LAST SEEN', value: ({ last_seen_at }) => last_seen_at, isTime: true },
  { header: 'EXPIRES', spare: 2, value: ({ expires_at }) => expires_at, isTime: true },
]

export default operation({
  hasColumns: true,
  examples: ['authd sessions list', 'authd sessions list --user ada@example.com --ended'],
  flags: {
    user: completing('users', Flags.string({ description: 'Only sessions of this user.' })),
    ended: Flags.boolean({ description: 'Include ended sessions.' }),
    since: timeFlag({ description: 'Only sessions started since then: 24h, 2026-11-23.' }),
    ...listFlags,
  },
  async run(deps, { flags, out }) {
    const filter = { user: flags.user, createdSince: flags.since, isLiveOnly: !flags.ended }
    await out.parts(
      async (asked) => {
        const { rows, ...part } = await listAllSessions(deps, filter, paginationOf(asked))
        return { ...part, rows: rows.map(presentSession) }
      },
      COLUMNS,
      flags,
    )
  },
})
