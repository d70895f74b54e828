import { setTimeout as wait } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { followAudit, lastAuditSeq, tailAudit } from '../../../flows/audit/audit.ts'
import { presentEvent } from '../../../resources/audit-event.ts'
import type { AuditLog } from '../../../store/audit-logs.ts'
import { readCursor, refuseLostCursor, writeCursor } from '../../audit/cursor-file.ts'
import { EVENT_STYLES, type EventStyle } from '../../audit/event-line.ts'
import { auditFlags, auditQuery } from '../../audit/filter.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { written } from '../../output/clean.ts'

const POLL_MS = 400
const BATCH = 500

export default operation({
  examples: [
    'authd audit tail -n 50',
    "authd audit tail -f --event 'session.*' --outcome failure",
    "authd audit tail --grep 'totp|passkey' -o full",
    'authd audit tail -f --cursor shipped.seq | ship-to-siem',
  ],
  flags: {
    follow: Flags.boolean({ char: 'f', description: 'Keep printing new events.' }),
    lines: Flags.integer({ char: 'n', default: 20, min: 0, max: 10_000, description: 'Number of last events.' }),
    cursor: completing(
      'files',
      Flags.string({ description: 'File that stores the position. The next call continues there.' }),
    ),
    output: Flags.string({
      char: 'o',
      options: Object.keys(EVENT_STYLES),
      default: 'short',
      description: 'short: one line per event. full: also every field below it.',
    }),
    ...auditFlags,
  },
  async run(deps, { flags, out }) {
    const style = flags.output as EventStyle
    const moment = (time: string) => out.moment(time)
    const show = (events: AuditLog[]) => {
      for (const event of events.map(presentEvent)) out.line(event, EVENT_STYLES[style](event, moment))
    }
    const filter = await auditQuery(deps, flags, style)
    const resumed = flags.cursor === undefined ? undefined : readCursor(flags.cursor)
    // Read before the last events, so that an event sealed meanwhile is shown exactly once.
    const newest = await lastAuditSeq(deps)
    if (flags.cursor !== undefined && resumed !== undefined) refuseLostCursor(flags.cursor, { at: resumed, newest })
    let after = resumed ?? newest
    const isFresh = resumed === undefined && flags.lines > 0
    const last = isFresh ? await tailAudit(deps, { ...filter, upToSeq: after }, flags.lines) : []
    show(last)
    for (;;) {
      const part =
        flags.follow || resumed !== undefined ? await followAudit(deps, filter, { after, limit: BATCH }) : undefined
      show(part?.events ?? [])
      after = part?.after ?? after
      if (flags.cursor !== undefined) {
        await written(process.stdout)
        writeCursor(flags.cursor, after)
      }
      if (part?.isMore) continue
      if (!flags.follow) return
      await wait(POLL_MS)
    }
  },
})
