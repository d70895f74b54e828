import { isAmong, type Sql } from './db.ts'
import type { OutboxState } from './outbox.ts'

/** More rows than these are not counted one by one. */
export const COUNTED_MOST = 50_000

/** The number of rows that match, up to COUNTED_MOST. */
function countOf(rows: string): string {
  return `(SELECT count(*) FROM (SELECT 1 FROM ${rows} LIMIT ${COUNTED_MOST}) AS counted)`
}

/** Mails that wait or failed, and when the oldest waiting one was queued. Decoys do not count. */
export async function countMailQueue(
  sql: Sql,
): Promise<{ pending: number; failed: number; oldestPendingAt: number | null }> {
  const failed = await sql.one<{ n: number }>(
    `SELECT ${countOf("outbox WHERE state = 'failed' AND kind = 'mail' AND is_decoy = 0")} AS n`,
  )
  const { count, oldestAt } = await countWaitingMails(sql)
  return { pending: count, failed: Number(failed?.n ?? 0), oldestPendingAt: oldestAt }
}

/** Deliveries that wait, and endpoints that get nothing. */
export async function countWebhookQueue(sql: Sql): Promise<{ waiting: number; paused: number }> {
  const waiting = (tries: string) => countOf(`outbox WHERE state = 'pending' AND kind = 'webhook' AND ${tries}`)
  const row = await sql.one<{ waiting: number; paused: number }>(
    `SELECT ${waiting('tries = 0')} + ${waiting('tries > 0')} AS waiting,
       (SELECT count(*) FROM webhook_endpoints WHERE paused_at IS NOT NULL) AS paused`,
  )
  return { waiting: Number(row?.waiting ?? 0), paused: Number(row?.paused ?? 0) }
}

/** A span of time, and the ids that rows of it may have. */
export interface Span {
  from: number
  to: number
  firstId: string
  beforeId: string
}

/** How often something was audited with a method. */
export interface MethodCount {
  type: string
  method: string | null
  count: number
}

/** The counted events of a span, by type and by the method that metadata names. */
export async function countEventsIn(
  sql: Sql,
  { from, to, firstId, beforeId }: Span,
  types: readonly string[],
): Promise<MethodCount[]> {
  const method = sql.dialect === 'postgres' ? "metadata::json ->> 'method'" : "metadata ->> '$.method'"
  const rows = await sql.all<{ event_type: string; method: string | null; n: number }>(
    `SELECT event_type, ${method} AS method, count(*) AS n FROM audit_logs
     WHERE id >= ? AND id < ? AND occurred_at >= ? AND occurred_at < ? AND ${isAmong(sql, 'event_type')}
     GROUP BY event_type, method`,
    [firstId, beforeId, from, to, JSON.stringify(types)],
  )
  return rows.map(({ event_type, method: named, n }) => ({ type: event_type, method: named, count: Number(n) }))
}

/** Mails that were queued in a span, by what became of them. */
export async function countMailsIn(
  sql: Sql,
  { from, to, firstId, beforeId }: Span,
): Promise<{ state: OutboxState; count: number }[]> {
  const rows = await sql.all<{ state: OutboxState; n: number }>(
    `SELECT state, count(*) AS n FROM outbox
     WHERE id >= ? AND id < ? AND created_at >= ? AND created_at < ? AND kind = 'mail' AND is_decoy = 0 GROUP BY state`,
    [firstId, beforeId, from, to],
  )
  return rows.map(({ state, n }) => ({ state, count: Number(n) }))
}

/** How often something was audited. */
export interface EventCount {
  type: string
  count: number
}

/** Counts the events that were sealed after that number. Returns where the log ends now, too. */
export async function countEventsAfter(sql: Sql, after: number): Promise<{ counts: EventCount[]; seq: number }> {
  const rows = await sql.all<{ event_type: string; n: number; last: number }>(
    'SELECT event_type, count(*) AS n, max(seq) AS last FROM audit_logs WHERE seq > ? GROUP BY event_type',
    [after],
  )
  const counts = rows.map(({ event_type, n }) => ({ type: event_type, count: Number(n) }))
  return { counts, seq: Math.max(after, ...rows.map(({ last }) => Number(last))) }
}

/** Waiting mails, and when the oldest was queued. Decoys do not count. */
export async function countWaitingMails(sql: Sql): Promise<{ count: number; oldestAt: number | null }> {
  const waiting = "outbox WHERE kind = 'mail' AND state = 'pending' AND is_decoy = 0"
  const row = await sql.one<{ n: number; at: number | null }>(
    `SELECT ${countOf(waiting)} AS n, (SELECT min(created_at) FROM ${waiting}) AS at`,
  )
  return { count: Number(row?.n ?? 0), oldestAt: row?.at == null ? null : Number(row.at) }
}
