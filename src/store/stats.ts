import { placeholders, type Sql } from './db.ts'
import type { OutboxState } from './outbox.ts'

/** Numbers over several tables. */
export interface Stats {
  users: number
  sessions: number
  liveSessions: number
  auditLogs: number
}

export async function countEverything(sql: Sql, now: number): Promise<Stats> {
  const row = await sql.one<Record<'users' | 'sessions' | 'audit_logs', number>>(
    `SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM sessions) AS sessions,
       (SELECT seq FROM audit_head) AS audit_logs`,
  )
  return {
    users: Number(row?.users ?? 0),
    sessions: Number(row?.sessions ?? 0),
    liveSessions: await countLive(sql, now),
    auditLogs: Number(row?.audit_logs ?? 0),
  }
}

export async function countLive(sql: Sql, now: number): Promise<number> {
  const row = await sql.one<{ n: number }>(
    'SELECT count(*) AS n FROM sessions WHERE revoked_at IS NULL AND expires_at > ? AND idle_expires_at > ?',
    [now, now],
  )
  return Number(row?.n ?? 0)
}

/** Mails by state, and when the oldest was queued that still waits; decoys are nobody's mail. */
export async function readMailQueue(
  sql: Sql,
): Promise<{ byState: { state: OutboxState; count: number }[]; oldestPendingAt: number | null }> {
  const rows = await sql.all<{ state: OutboxState; n: number }>(
    'SELECT state, count(*) AS n FROM outbox WHERE is_decoy = 0 GROUP BY state',
  )
  const oldest = await sql.one<{ at: number | null }>(
    "SELECT min(created_at) AS at FROM outbox WHERE state = 'pending' AND is_decoy = 0",
  )
  return {
    byState: rows.map(({ state, n }) => ({ state, count: Number(n) })),
    oldestPendingAt: oldest?.at == null ? null : Number(oldest.at),
  }
}

/** How often something was audited. */
export interface EventCount {
  type: string
  outcome: string
  count: number
}

/** What was sealed after that number, counted, and where the log ends now. */
export async function countEventsAfter(sql: Sql, after: number): Promise<{ counts: EventCount[]; seq: number }> {
  const rows = await sql.all<{ event_type: string; outcome: string; n: number; last: number }>(
    `SELECT event_type, outcome, count(*) AS n, max(seq) AS last FROM audit_logs WHERE seq > ?
     GROUP BY event_type, outcome`,
    [after],
  )
  return { counts: rows.map(toCount), seq: Math.max(after, ...rows.map(({ last }) => Number(last))) }
}

/** Counted from this id on: ids follow time, and there is no other index on it. */
export async function countEventsFrom(sql: Sql, id: string, types: readonly string[]): Promise<EventCount[]> {
  const rows = await sql.all<{ event_type: string; outcome: string; n: number }>(
    `SELECT event_type, outcome, count(*) AS n FROM audit_logs WHERE id >= ?
       AND event_type IN ${placeholders(types.length)} GROUP BY event_type, outcome`,
    [id, ...types],
  )
  return rows.map(toCount)
}

/** Mails by state that were queued from this id on. */
export async function countMailsFrom(sql: Sql, id: string): Promise<Partial<Record<OutboxState, number>>> {
  const rows = await sql.all<{ state: OutboxState; n: number }>(
    'SELECT state, count(*) AS n FROM outbox WHERE id >= ? AND is_decoy = 0 GROUP BY state',
    [id],
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, Number(n)]))
}

/** Mails that wait, and since when the oldest does; decoys are nobody's mail. */
export async function countWaitingMails(sql: Sql): Promise<{ count: number; oldestAt: number | null }> {
  const row = await sql.one<{ n: number; at: number | null }>(
    "SELECT count(*) AS n, min(created_at) AS at FROM outbox WHERE state = 'pending' AND is_decoy = 0",
  )
  return { count: Number(row?.n ?? 0), oldestAt: row?.at == null ? null : Number(row.at) }
}

function toCount({ event_type, outcome, n }: { event_type: string; outcome: string; n: number }): EventCount {
  return { type: event_type, outcome, count: Number(n) }
}
