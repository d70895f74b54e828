import { setTimeout as wait } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { presentEvent } from '../../../resources/audit-event.ts'
import { OperatorCommand } from '../../command.ts'
import { eventLine } from '../../event-line.ts'
import { parseTime } from '../../time.ts'

const POLL_MS = 400
const BATCH = 500
const OUTCOMES = ['success', 'failure'] as const

export default class AuditTail extends OperatorCommand {
  static override summary = 'The last events; -f goes on with what happens. JSON lines in a pipe.'
  static override examples = ['authd audit tail -n 50', "authd audit tail -f --event 'session.*' --outcome failure"]
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'Go on with what happens.' }),
    lines: Flags.integer({ char: 'n', default: 20, min: 0, max: 10_000, description: 'How many of the last.' }),
    event: Flags.string({ description: "Only these: 'session.*,user.registered'." }),
    outcome: Flags.string({ options: [...OUTCOMES], description: 'Only these.' }),
    user: Flags.string({ description: 'About one person: address or id.' }),
    actor: Flags.string({ description: "By whom: 'cli:*', 'user:usr_…'." }),
    'request-id': Flags.string({ description: 'Of one request.' }),
    since: Flags.string({ description: 'From then on: 15m, 2026-11-23.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditTail)
    const { followAudit, lastAuditSeq, tailAudit } = await import('../../../flows/audit.ts')
    const { resolveUser } = await import('../../../flows/user.ts')
    const out = this.output(flags)
    await this.withDeps(flags, async (deps) => {
      const filter = {
        events: flags.event?.split(',').map((glob) => glob.trim()),
        outcome: OUTCOMES.find((known) => known === flags.outcome),
        userId: flags.user === undefined ? undefined : (await resolveUser(deps, flags.user)).id,
        actor: flags.actor,
        requestId: flags['request-id'],
        since: flags.since === undefined ? undefined : parseTime(flags.since, 'since'),
      }
      // Taken before the last ones are read: whatever is sealed meanwhile is shown once, and nothing is missed.
      let after = await lastAuditSeq(deps)
      const last = flags.lines === 0 ? [] : await tailAudit(deps, { ...filter, upToSeq: after }, flags.lines)
      for (const event of last.map(presentEvent)) out.line(event, eventLine(event))
      while (flags.follow) {
        const found = await followAudit(deps, filter, { after, limit: BATCH })
        for (const event of found.map(presentEvent)) out.line(event, eventLine(event))
        after = found.at(-1)?.seq ?? after
        if (found.length < BATCH) await wait(POLL_MS)
      }
    })
  }
}
