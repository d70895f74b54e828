import type { Deps } from '../deps.ts'
import { DAY } from '../platform/clock.ts'
import { firstId } from '../platform/random.ts'
import { type AuditLog, findLastAuditSeq, listLastAuditLogs } from '../store/audit-logs.ts'
import { countSessions } from '../store/sessions.ts'
import {
  countEventsAfter,
  countEventsFrom,
  countMailsFrom,
  countWaitingMails,
  type EventCount,
} from '../store/stats.ts'

const SUCCESS = 'user.authenticated'
const FAILURES = ['user.authentication_failed', 'totp.failed', 'recovery_code.failed']

export interface SignIns {
  succeeded: number
  failed: number
}

/** What happened since the last look. */
export interface Pulse {
  /** Where the log ends now: for the next look. */
  seq: number
  signIns: SignIns
  /** The newest first. */
  events: AuditLog[]
}

/** What is new in the log, of every instance: costs as much as has happened. The first look (null) is at the last events. */
export async function readPulse(deps: Pick<Deps, 'db'>, after: number | null, limit: number): Promise<Pulse> {
  return await deps.db.read(async (sql) => {
    const from = after ?? (await findLastAuditSeq(sql))
    const { counts, seq } = await countEventsAfter(sql, from)
    const isFirst = after === null
    const happened = seq - from
    const most = isFirst ? limit : Math.min(limit, happened)
    const events = most === 0 ? [] : await listLastAuditLogs(sql, { upToSeq: seq }, most)
    return { seq, signIns: signInsOf(counts), events: events.reverse() }
  })
}

/** What there is now, and what the last 24 hours brought. Counts many rows: not for every second. */
export interface Totals {
  liveSessions: number
  signIns: SignIns
  mails: { waiting: number; oldestWaitingAt: number | null; sent: number; failed: number }
}

export async function readTotals(deps: Pick<Deps, 'db' | 'clock'>): Promise<Totals> {
  const now = deps.clock.now()
  const since = (prefix: string) => firstId(prefix, now - DAY)
  return await deps.db.read(async (sql) => {
    const waiting = await countWaitingMails(sql)
    const { sent = 0, failed = 0, expired = 0 } = await countMailsFrom(sql, since('msg'))
    return {
      liveSessions: await countSessions(sql, { liveAt: now }),
      signIns: signInsOf(await countEventsFrom(sql, since('evt'), [SUCCESS, ...FAILURES])),
      mails: { waiting: waiting.count, oldestWaitingAt: waiting.oldestAt, sent, failed: failed + expired },
    }
  })
}

function signInsOf(counts: EventCount[]): SignIns {
  const sum = (types: string[], outcome: string) =>
    counts.reduce((total, each) => total + (types.includes(each.type) && each.outcome === outcome ? each.count : 0), 0)
  return { succeeded: sum([SUCCESS], 'success'), failed: sum(FAILURES, 'failure') }
}
