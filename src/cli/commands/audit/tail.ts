import { setTimeout as wait } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { presentEvent } from '../../../resources/audit-event.ts'
import { auditFlags, auditQuery } from '../../audit-filter.ts'
import { OperatorCommand } from '../../command.ts'
import { readCursor, writeCursor } from '../../cursor-file.ts'
import { eventLine } from '../../event-line.ts'

const POLL_MS = 400
const BATCH = 500

export default class AuditTail extends OperatorCommand {
  static override summary = 'The last events; -f goes on with what happens. JSON lines in a pipe.'
  static override examples = [
    'authd audit tail -n 50',
    "authd audit tail -f --event 'session.*' --outcome failure",
    'authd audit tail -f --cursor shipped.seq | ship-to-siem',
  ]
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'Go on with what happens.' }),
    lines: Flags.integer({ char: 'n', default: 20, min: 0, max: 10_000, description: 'How many of the last.' }),
    cursor: Flags.string({ description: 'A file that remembers where it ended: the next call goes on there.' }),
    ...auditFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditTail)
    const { followAudit, lastAuditSeq, tailAudit } = await import('../../../flows/audit.ts')
    const out = this.output(flags)
    await this.withDeps(flags, async (deps) => {
      const filter = await auditQuery(deps, flags)
      const resumed = flags.cursor === undefined ? undefined : readCursor(flags.cursor)
      // Taken before the last ones are read: whatever is sealed meanwhile is shown once, and nothing is missed.
      let after = resumed ?? (await lastAuditSeq(deps))
      const isFresh = resumed === undefined && flags.lines > 0
      const last = isFresh ? await tailAudit(deps, { ...filter, upToSeq: after }, flags.lines) : []
      for (const event of last.map(presentEvent)) out.line(event, eventLine(event))
      for (;;) {
        const page =
          flags.follow || resumed !== undefined ? await followAudit(deps, filter, { after, limit: BATCH }) : undefined
        for (const event of page?.events.map(presentEvent) ?? []) out.line(event, eventLine(event))
        after = page?.after ?? after
        if (flags.cursor !== undefined) writeCursor(flags.cursor, after)
        if (page?.isMore) continue
        if (!flags.follow) return
        await wait(POLL_MS)
      }
    })
  }
}
