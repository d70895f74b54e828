import { Flags } from '@oclif/core'
import { type ListedPerson, presentListedPerson } from '../../../resources/user.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output.ts'
import { parseTime } from '../../time.ts'

const COLUMNS: Column<ListedPerson>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'E-MAIL', value: ({ email }) => email },
  { header: 'STATUS', value: ({ status }) => status },
  { header: 'SESSIONS', value: ({ live_sessions }) => live_sessions },
  { header: 'LAST SEEN', value: ({ last_seen_at }) => last_seen_at, isTime: true },
]

export default class UsersList extends OperatorCommand {
  static override summary = 'Who is there, newest first.'
  static override examples = [
    'authd users list',
    'authd users list --inactive 180d --jsonl | jq -r .id | authd users disable -',
  ]
  static override flags = {
    search: Flags.string({ description: 'Part of an address or name.' }),
    status: Flags.string({ options: ['active', 'disabled'], description: 'Only these.' }),
    inactive: Flags.string({ description: 'Not seen for so long: 180d.' }),
    limit: Flags.integer({ default: 50, min: 1, max: 1000, description: 'How many at most.' }),
    cursor: Flags.string({ description: 'Go on where the last list ended.' }),
    all: Flags.boolean({ description: 'All of them.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(UsersList)
    const { listPeople } = await import('../../../flows/user.ts')
    const isDisabled = flags.status === undefined ? undefined : flags.status === 'disabled'
    const inactiveSince = flags.inactive === undefined ? undefined : parseTime(flags.inactive, 'inactive')
    const filter = { search: flags.search, isDisabled, inactiveSince, before: flags.cursor }
    const limit = flags.all || flags.jsonl ? Number.MAX_SAFE_INTEGER : flags.limit
    await this.withDeps(flags, async (deps) => {
      const { users, total, nextCursor } = await listPeople(deps, filter, limit)
      this.output(flags).list(users.map(presentListedPerson), COLUMNS, { total, nextCursor })
    })
  }
}
