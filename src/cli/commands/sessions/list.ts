import { Flags } from '@oclif/core'
import { presentSession, type SessionResource } from '../../../resources/session.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'
import { parseTime } from '../../output/time.ts'

const COLUMNS: Column<SessionResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'USER', value: ({ email }) => email },
  { header: 'METHOD', value: ({ amr }) => amr.join('+') },
  { header: 'DEVICE', value: ({ device }) => device },
  { header: 'IP', value: ({ ip }) => ip },
  { header: 'CREATED', value: ({ created_at }) => created_at, isTime: true },
  { header: 'LAST SEEN', value: ({ last_seen_at }) => last_seen_at, isTime: true },
  { header: 'EXPIRES', value: ({ expires_at }) => expires_at, isTime: true },
]

export default class SessionsList extends OperatorCommand {
  static override summary = 'Who is signed in, and where. Never tokens.'
  static override examples = ['authd sessions list', 'authd sessions list --user ada@example.com --all']
  static override flags = {
    user: Flags.string({ description: 'Of one person.' }),
    all: Flags.boolean({ description: 'Ended ones too.' }),
    since: Flags.string({ description: 'Begun since then: 24h, 2026-11-23.' }),
    limit: Flags.integer({ default: 50, min: 1, max: 1000, description: 'How many at most.' }),
    cursor: Flags.string({ description: 'Go on where the last list ended.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(SessionsList)
    const { listAllSessions } = await import('../../../flows/sessions/admin.ts')
    const createdSince = flags.since === undefined ? undefined : parseTime(flags.since, 'since')
    const limit = flags.jsonl ? Number.MAX_SAFE_INTEGER : flags.limit
    await this.withDeps(flags, async (deps) => {
      const filter = { user: flags.user, createdSince, before: flags.cursor, isLiveOnly: !flags.all }
      const { sessions, total, nextCursor } = await listAllSessions(deps, filter, limit)
      this.output(flags).list(sessions.map(presentSession), COLUMNS, { total, nextCursor })
    })
  }
}
