import type { Deps } from '../../deps.ts'
import { DAY } from '../../platform/clock.ts'
import { type AuditLog, findLastAuditSeq, listLastAuditLogs } from '../../store/audit-logs.ts'
import {
  countEventsAfter,
  countEventsIn,
  countMailsIn,
  countWaitingMails,
  type EventCount,
} from '../../store/counts.ts'
import { readRowCounts } from '../upkeep/row-counts.ts'
import { spanOf } from './daily-counts.ts'

const SUCCESS = 'user.authenticated'
const FAILURES = ['user.authentication_failed', 'totp.failed', 'recovery_code.failed']

export interface SignIns {
  succeeded: number
  failed: number
}

/** What happened since the last call. */
export interface Pulse {
  /** The end of the log, for the next call. */
  seq: number
  signIns: SignIns
  /** Newest first. */
  events: AuditLog[]
}

/**
 * The new events of every instance. It costs as much as has happened. The first call (null) returns the last events.
 */
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

/** The current totals, and those of the last 24 hours. It counts many rows, so it is not for every second. */
export interface Totals {
  liveSessions: number
  signIns: SignIns
  mails: { waiting: number; oldestWaitingAt: number | null; sent: number; failed: number }
}

export async function readTotals(deps: Pick<Deps, 'db' | 'clock'>): Promise<Totals> {
  const now = deps.clock.now()
  const lastDay = { from: now - DAY, to: now + 1 }
  const { liveSessions } = await readRowCounts(deps)
  return await deps.db.read(async (sql) => {
    const waiting = await countWaitingMails(sql)
    const mails = await countMailsIn(sql, spanOf('msg', lastDay))
    const over = (...states: string[]) =>
      mails.reduce((total, { state, count }) => total + (states.includes(state) ? count : 0), 0)
    return {
      liveSessions,
      signIns: signInsOf(await countEventsIn(sql, spanOf('evt', lastDay), [SUCCESS, ...FAILURES])),
      mails: {
        waiting: waiting.count,
        oldestWaitingAt: waiting.oldestAt,
        sent: over('sent'),
        failed: over('failed', 'expired'),
      },
    }
  })
}

function signInsOf(counts: EventCount[]): SignIns {
  const sum = (types: string[]) =>
    counts.reduce((total, { type, count }) => total + (types.includes(type) ? count : 0), 0)
  return { succeeded: sum([SUCCESS]), failed: sum(FAILURES) }
}
