import { latestEnd } from '../platform/clock.ts'
import type { Sql, Trx } from './db.ts'
import { integer, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const failedAttempts = table('failed_attempts', {
  /** What is counted: `mail_code`. */
  kind: text,
  /** A canonical address, because the user may not exist yet. */
  subject: text,
  failures: integer,
  /** No try counts before this; null: go on. */
  blockedUntil: nullable(integer),
  /** The end of a lockout row's window: later than any clock. */
  windowEndsAt: integer,
})

type FailedAttempt = RowOf<typeof failedAttempts>

export interface Budget extends Pick<FailedAttempt, 'kind' | 'subject'> {
  limit: number
  windowMs: number
}

/** Over, or begun by a clock that has been put back since. */
const IS_OVER = '(failed_attempts.window_ends_at <= ? OR failed_attempts.window_ends_at > ?)'

/**
 * Counts one failure before it is known to be one: false if the budget of this window is used up. The row is held
 * until the unit ends, so parallel guesses use exactly the budget; give it back if the guess was right.
 */
export async function takeFailure(trx: Trx, { kind, subject, limit, windowMs }: Budget, now: number): Promise<boolean> {
  const over = [now, latestEnd(now, windowMs)]
  const row = await trx.one(
    `INSERT INTO failed_attempts (kind, subject, failures, window_ends_at) VALUES (?, ?, 1, ?)
     ON CONFLICT (kind, subject) DO UPDATE SET
       failures = CASE WHEN ${IS_OVER} THEN 1 ELSE failed_attempts.failures + 1 END,
       window_ends_at = CASE WHEN ${IS_OVER} THEN excluded.window_ends_at ELSE failed_attempts.window_ends_at END
     WHERE failed_attempts.failures < ? OR ${IS_OVER}
     RETURNING failures`,
    [kind, subject, now + windowMs, ...over, ...over, limit, ...over],
  )
  return row !== undefined
}

export async function giveBackFailure(trx: Trx, { kind, subject }: Pick<Budget, 'kind' | 'subject'>): Promise<void> {
  trx.send('UPDATE failed_attempts SET failures = failures - 1 WHERE kind = ? AND subject = ? AND failures > 0', [
    kind,
    subject,
  ])
}

export async function isBudgetUsed(
  sql: Sql,
  { kind, subject, limit, windowMs }: Budget,
  now: number,
): Promise<boolean> {
  const row = await sql.one(
    `SELECT 1 FROM failed_attempts WHERE kind = ? AND subject = ? AND failures >= ? AND NOT ${IS_OVER}`,
    [kind, subject, limit, now, latestEnd(now, windowMs)],
  )
  return row !== undefined
}

export async function deleteFailuresBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM failed_attempts WHERE (kind, subject) IN (SELECT kind, subject FROM failed_attempts WHERE window_ends_at < ? LIMIT ?)',
    [before, limit],
  )
}

/** Failures in a row of one user's factor. A success, an operator or a new factor removes the row. */
export type FailureCount = Pick<FailedAttempt, 'failures' | 'blockedUntil'>

const count = failedAttempts.pick(['failures', 'blockedUntil'])

/** Later than any clock: a lockout row does not expire. */
export const NEVER = Number.MAX_SAFE_INTEGER

export async function findFailureCount(
  sql: Sql,
  key: Pick<Budget, 'kind' | 'subject'>,
): Promise<FailureCount | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${count.columns} FROM failed_attempts WHERE kind = ? AND subject = ?`, [
    key.kind,
    key.subject,
  ])
  return row && count.read(row)
}

/** Called in a unit that has locked the user, so that no other unit counts at the same time. */
export async function setFailureCount(
  trx: Trx,
  key: Pick<Budget, 'kind' | 'subject'>,
  { failures, blockedUntil }: FailureCount,
): Promise<void> {
  trx.send(
    `${failedAttempts.insert}
     ON CONFLICT (kind, subject) DO UPDATE SET failures = excluded.failures, blocked_until = excluded.blocked_until`,
    failedAttempts.values({ kind: key.kind, subject: key.subject, failures, blockedUntil, windowEndsAt: NEVER }),
  )
}

export async function clearFailures(trx: Trx, key: Pick<Budget, 'kind' | 'subject'>): Promise<void> {
  trx.send('DELETE FROM failed_attempts WHERE kind = ? AND subject = ?', [key.kind, key.subject])
}

export interface FailureRow extends FailedAttempt {
  /** The user whose id is the subject. */
  email: string | null
}

/** A user's own rows: by id, by address, and by address, space and device. */
const OF_USER = '(subject = ? OR subject = ? OR subject >= ? AND subject < ?)'

function ofUser({ userId, email }: { userId: string; email: string }): string[] {
  return [userId, email, `${email} `, `${email}!`]
}

/** All that is counted now, of everybody or of one user, the most first. */
export async function listFailures(
  sql: Sql,
  {
    now,
    user,
    after,
  }: { now: number; user?: { userId: string; email: string } | undefined; after?: Failed | undefined },
  limit: number,
): Promise<FailureRow[]> {
  const rows = await sql.all<StoredRow & { email: string | null }>(
    `SELECT ${failedAttempts.qualified}, users.email
     FROM failed_attempts LEFT JOIN users ON users.id = failed_attempts.subject
     WHERE failures > 0 AND window_ends_at > ?${user ? ` AND ${OF_USER}` : ''}${after ? ` AND ${IS_AFTER}` : ''}
     ORDER BY failures DESC, subject, kind LIMIT ?`,
    [
      now,
      ...(user ? ofUser(user) : []),
      ...(after ? [after.failures, after.failures, after.subject, after.kind] : []),
      limit,
    ],
  )
  return rows.map((row) => ({ ...failedAttempts.read(row), email: row.email }))
}

/** Where a list of them goes on. */
type Failed = Pick<FailedAttempt, 'kind' | 'subject' | 'failures'>

const IS_AFTER = '(failures < ? OR failures = ? AND (subject, kind) > (?, ?))'

const cleared = failedAttempts.pick(['kind', 'failures', 'blockedUntil'])

export type Failures = Pick<FailedAttempt, 'kind' | 'failures' | 'blockedUntil'>

/** Deletes what was counted against a user, by id and by address, and returns it. */
export async function deleteFailuresOf(trx: Trx, user: { userId: string; email: string }): Promise<Failures[]> {
  const rows = await trx.all<StoredRow>(
    `DELETE FROM failed_attempts WHERE ${OF_USER} RETURNING ${cleared.columns}`,
    ofUser(user),
  )
  return rows.map(cleared.read).filter(({ failures }) => failures > 0)
}
