import { Flags } from '@oclif/core'
import { listUsersWithFactors, walkUsers } from '../../../flows/users/list.ts'
import { type ListedUserResource, presentListedUser } from '../../../resources/user.ts'
import type { UserFilter } from '../../../store/users.ts'
import { operation } from '../../command.ts'
import type { Column } from '../../output/output.ts'
import { parseTime } from '../../output/time.ts'

const COLUMNS: Column<ListedUserResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'E-MAIL', value: ({ email }) => email },
  { header: 'STATUS', value: ({ status }) => status },
  { header: 'METHODS', value: methodsOf },
  { header: 'SESSIONS', value: ({ live_sessions }) => live_sessions },
  { header: 'LAST SEEN', value: ({ last_seen_at }) => last_seen_at, isTime: true },
]

function methodsOf({ webauthn_credentials_count: passkeys, totp_enabled }: ListedUserResource): string {
  const named = [passkeys > 0 ? `passkey ${passkeys}` : '', totp_enabled ? 'totp' : '']
  return named.filter((name) => name !== '').join(', ') || 'mail'
}

const BATCH = 500

export default operation({
  examples: ['authd users list', 'authd users list --inactive 180d --jsonl | jq -r .id | authd users disable -'],
  flags: {
    search: Flags.string({ description: 'Part of an e-mail address or name. A whole address finds that user.' }),
    status: Flags.string({ options: ['active', 'invited', 'disabled'], description: 'Only users with this status.' }),
    without: Flags.string({ options: ['passkey', 'totp'], description: 'Only users without this factor.' }),
    inactive: Flags.string({ description: 'Only users not seen for this long: 180d.' }),
    limit: Flags.integer({ default: 50, min: 1, max: 1000, description: 'Maximum number of results.' }),
    cursor: Flags.string({ description: 'Continue after the last list.' }),
    all: Flags.boolean({ description: 'List all users.' }),
  },
  async run(deps, { flags, out }) {
    const status = flags.status as UserFilter['status']
    const without = flags.without as UserFilter['without']
    const inactiveSince = flags.inactive === undefined ? undefined : parseTime(flags.inactive, 'inactive')
    const filter = { search: flags.search, status, without, inactiveSince, before: flags.cursor }
    if (!flags.all && !flags.jsonl) {
      const pagination = { limit: flags.limit, before: flags.cursor, within: Number.POSITIVE_INFINITY }
      const { rows, total, nextCursor } = await listUsersWithFactors(deps, filter, pagination)
      return out.list(rows.map(presentListedUser), COLUMNS, { total: total.count, nextCursor })
    }
    const all: ListedUserResource[] = []
    for await (const people of walkUsers(deps, filter, BATCH)) {
      if (flags.jsonl) out.list(people.map(presentListedUser), COLUMNS)
      else all.push(...people.map(presentListedUser))
    }
    if (!flags.jsonl) out.list(all, COLUMNS)
  },
})
