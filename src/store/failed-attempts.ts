import type { Sql, Trx } from './db.ts'

export interface Budget {
  /** What is counted: `mail_code`. */
  kind: string
  /** For whom: a canonical address, since a person may not exist yet. */
  subject: string
  limit: number
  windowMs: number
}

/**
 * Counts one failure before it is known to be one: false if the budget of this window is used up. The row is held
 * until the unit ends, so parallel guesses use exactly the budget; give it back if the guess was right.
 */
export async function takeFailure(trx: Trx, { kind, subject, limit, windowMs }: Budget, now: number): Promise<boolean> {
  const row = await trx.one(
    `INSERT INTO failed_attempts (kind, subject, failures, window_ends_at) VALUES (?, ?, 1, ?)
     ON CONFLICT (kind, subject) DO UPDATE SET
       failures = CASE WHEN failed_attempts.window_ends_at <= ? THEN 1 ELSE failed_attempts.failures + 1 END,
       window_ends_at =
         CASE WHEN failed_attempts.window_ends_at <= ? THEN excluded.window_ends_at ELSE failed_attempts.window_ends_at END
     WHERE failed_attempts.failures < ? OR failed_attempts.window_ends_at <= ?
     RETURNING failures`,
    [kind, subject, now + windowMs, now, now, limit, now],
  )
  return row !== undefined
}

export async function giveBackFailure(trx: Trx, { kind, subject }: Pick<Budget, 'kind' | 'subject'>): Promise<void> {
  await trx.run('UPDATE failed_attempts SET failures = failures - 1 WHERE kind = ? AND subject = ? AND failures > 0', [
    kind,
    subject,
  ])
}

export async function isBudgetUsed(
  sql: Sql,
  { kind, subject, limit }: Pick<Budget, 'kind' | 'subject' | 'limit'>,
  now: number,
): Promise<boolean> {
  const row = await sql.one(
    'SELECT 1 FROM failed_attempts WHERE kind = ? AND subject = ? AND failures >= ? AND window_ends_at > ?',
    [kind, subject, limit, now],
  )
  return row !== undefined
}

export async function deleteFailuresBefore(trx: Trx, before: number): Promise<number> {
  return await trx.run('DELETE FROM failed_attempts WHERE window_ends_at < ?', [before])
}

/** Failures in a row of one person's factor. The row stays until a success, an operator or a new factor removes it. */
export interface FailureCount {
  failures: number
  /** No try counts before this; null: go on. */
  blockedUntil: number | null
}

/** Later than any clock: a lockout row does not expire. */
const NEVER = Number.MAX_SAFE_INTEGER

export async function findFailureCount(
  sql: Sql,
  key: Pick<Budget, 'kind' | 'subject'>,
): Promise<FailureCount | undefined> {
  const row = await sql.one<{ failures: number; blocked_until: number | null }>(
    'SELECT failures, blocked_until FROM failed_attempts WHERE kind = ? AND subject = ?',
    [key.kind, key.subject],
  )
  return row && { failures: row.failures, blockedUntil: row.blocked_until }
}

/** Inside a unit that holds the person: nobody else counts at the same time. */
export async function setFailureCount(
  trx: Trx,
  key: Pick<Budget, 'kind' | 'subject'>,
  count: FailureCount,
): Promise<void> {
  await trx.run(
    `INSERT INTO failed_attempts (kind, subject, failures, window_ends_at, blocked_until) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (kind, subject) DO UPDATE SET failures = excluded.failures, blocked_until = excluded.blocked_until`,
    [key.kind, key.subject, count.failures, NEVER, count.blockedUntil],
  )
}

export async function clearFailures(trx: Trx, key: Pick<Budget, 'kind' | 'subject'>): Promise<void> {
  await trx.run('DELETE FROM failed_attempts WHERE kind = ? AND subject = ?', [key.kind, key.subject])
}

export interface FailureRow extends Failures {
  subject: string
  /** Of a lockout row: later than any clock. */
  windowEndsAt: number
  /** Of whom the subject is the id. */
  email: string | null
}

/** All that is counted now, the most first. */
export async function listFailures(sql: Sql, now: number, limit: number): Promise<FailureRow[]> {
  const rows = await sql.all<{
    kind: string
    subject: string
    failures: number
    blocked_until: number | null
    window_ends_at: number
    email: string | null
  }>(
    `SELECT failed_attempts.kind, subject, failures, blocked_until, window_ends_at, users.email
     FROM failed_attempts LEFT JOIN users ON users.id = failed_attempts.subject
     WHERE failures > 0 AND window_ends_at > ? ORDER BY failures DESC, subject LIMIT ?`,
    [now, limit],
  )
  return rows.map((row) => ({
    kind: row.kind,
    subject: row.subject,
    failures: row.failures,
    blockedUntil: row.blocked_until,
    windowEndsAt: row.window_ends_at,
    email: row.email,
  }))
}

export interface Failures extends FailureCount {
  kind: string
}

/** Takes away what was counted against a person, by their id and by their address; answers what it was. */
export async function deleteFailuresOf(
  trx: Trx,
  { userId, email }: { userId: string; email: string },
): Promise<Failures[]> {
  const rows = await trx.all<{ kind: string; failures: number; blocked_until: number | null }>(
    `DELETE FROM failed_attempts WHERE failures > 0 AND (subject = ? OR subject = ? OR subject >= ? AND subject < ?)
     RETURNING kind, failures, blocked_until`,
    // A known device's subject is the address, a space and the device.
    [userId, email, `${email} `, `${email}!`],
  )
  return rows.map((row) => ({ kind: row.kind, failures: row.failures, blockedUntil: row.blocked_until }))
}
