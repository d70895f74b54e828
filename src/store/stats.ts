import type { Sql } from './db.ts'
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
    "SELECT state, count(*) AS n FROM outbox WHERE kind = 'mail' AND is_decoy = 0 GROUP BY state",
  )
  const oldest = await sql.one<{ at: number | null }>(
    "SELECT min(created_at) AS at FROM outbox WHERE kind = 'mail' AND state = 'pending' AND is_decoy = 0",
  )
  return {
    byState: rows.map(({ state, n }) => ({ state, count: Number(n) })),
    oldestPendingAt: oldest?.at == null ? null : Number(oldest.at),
  }
}

/** Deliveries that wait, and endpoints that get nothing. */
export async function readWebhookQueue(sql: Sql): Promise<{ waiting: number; paused: number }> {
  const row = await sql.one<{ waiting: number; paused: number }>(
    `SELECT (SELECT count(*) FROM outbox WHERE state = 'pending' AND kind = 'webhook') AS waiting,
       (SELECT count(*) FROM webhook_endpoints WHERE paused_at IS NOT NULL) AS paused`,
  )
  return { waiting: Number(row?.waiting ?? 0), paused: Number(row?.paused ?? 0) }
}
