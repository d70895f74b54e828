import { Flags } from '@oclif/core'
import { listUsersWithFactors } from '../../../flows/users/list.ts'
import { type ListedUserResource, presentListedUser } from '../../../resources/user.ts'
import type { UserFilter } from '../../../store/users.ts'
import { operation } from '../../command.ts'
import { listFlags, paginationOf, timeFlag } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

const COLUMNS: Column<ListedUserResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'E-MAIL', isText: true, value: ({ email }) => email },
  { header: 'STATUS', value: ({ status }) => status },
  { header: 'METHODS', spare: 1, value: methodsOf },
  { header: 'SESSIONS', spare: 2, value: ({ live_sessions }) => live_sessions },
  { header: 'LAST SEEN', value: ({ last_seen_at }) => last_seen_at, isTime: true },
]

function methodsOf({ webauthn_credentials_count: passkeys, totp_enabled }: ListedUserResource): string {
  const named = [passkeys > 0 ? `passkey ${passkeys}` : '', totp_enabled ? 'totp' : '']
  return named.filter((name) => name !== '').join(', ') || 'mail'
}

export default operation({
  hasColumns: true,
  examples: ['authd users list', 'authd users list --inactive 180d --jsonl | jq -r .id | authd users disable -'],
  flags: {
    search: Flags.string({ description: 'Part of an e-mail address or name. A whole address finds that user.' }),
    status: Flags.string({ options: ['active', 'invited', 'disabled'], description: 'Only users with this status.' }),
    without: Flags.string({ options: ['passkey', 'totp'], description: 'Only users without this factor.' }),
    inactive: timeFlag({ description: 'Only users not seen for this long: 180d.' }),
    ...listFlags,
  },
  async run(deps, { flags, out }) {
    const status = flags.status as UserFilter['status']
    const without = flags.without as UserFilter['without']
    const filter = { search: flags.search, status, without, inactiveSince: flags.inactive }
    await out.parts(
      async (asked) => {
        const { rows, ...part } = await listUsersWithFactors(deps, filter, paginationOf(asked))
        return { ...part, rows: rows.map(presentListedUser) }
      },
      COLUMNS,
      flags,
    )
  },
})
