import { Flags } from '@oclif/core'
import { listAllSessions } from '../../../flows/sessions/admin.ts'
import { presentSession, type SessionResource } from '../../../resources/session.ts'
import { operation } from '../../command.ts'
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

export default operation({
  examples: ['authd sessions list', 'authd sessions list --user ada@example.com --all'],
  flags: {
    user: Flags.string({ description: 'Only sessions of this user.' }),
    all: Flags.boolean({ description: 'Include ended sessions.' }),
    since: Flags.string({ description: 'Only sessions started since then: 24h, 2026-11-23.' }),
    limit: Flags.integer({ default: 50, min: 1, max: 1000, description: 'Maximum number of results.' }),
    cursor: Flags.string({ description: 'Continue after the last list.' }),
  },
  async run(deps, { flags, out }) {
    const createdSince = flags.since === undefined ? undefined : parseTime(flags.since, 'since')
    const limit = flags.jsonl ? Number.MAX_SAFE_INTEGER : flags.limit
    const filter = { user: flags.user, createdSince, before: flags.cursor, isLiveOnly: !flags.all }
    const { sessions, total, nextCursor } = await listAllSessions(deps, filter, limit)
    out.list(sessions.map(presentSession), COLUMNS, { total, nextCursor })
  },
})
