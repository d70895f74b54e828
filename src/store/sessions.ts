import { DAY, latestEnd, UNKNOWN_TIME } from '../platform/clock.ts'
import { epochOf } from './change-epochs.ts'
import { forUpdate, isAmong, type Sql, type Trx, type Value } from './db.ts'
import { type IdSpan, spanConditions } from './id-spans.ts'
import type { SessionTransport } from './signin-attempts.ts'
import { flag, integer, json, type NewRow, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'
import { users } from './users.ts'

const sessions = table(
  'sessions',
  {
    id: text,
    userId: text,
    delivery: word<SessionTransport>(),
    /** The digest of the cookie's secret; null for a session that delivers tokens. */
    secretDigest: nullable(text),
    amr: json<string[]>(),
    aal: integer,
    /** Good for enrolling a factor and signing out, and for nothing else. */
    isEnrolmentDue: flag,
    authTime: integer,
    createdAt: integer,
    lastSeenAt: integer,
    idleExpiresAt: integer,
    expiresAt: integer,
    ip: nullable(text),
    userAgent: nullable(text),
    /** The generation of the refresh token that may be used next. */
    generation: integer,
    refreshSalt: text,
    refreshedAt: integer,
    /** When an access token of this generation first came back to authd; null before. */
    generationUsedAt: nullable(integer),
    revokedAt: nullable(integer),
    revokedBy: nullable(text),
    revokedReason: nullable(text),
    /** In which it began. Signing everybody out begins the next one. */
    epoch: integer,
  },
  { defaulted: ['generationUsedAt', 'revokedAt', 'revokedBy', 'revokedReason'] },
)

export type Session = RowOf<typeof sessions>

export interface SessionFilter extends IdSpan {
  userId?: string | undefined
  ids?: string[] | undefined
  /** Live at this time only. */
  liveAt?: number | undefined
  createdBefore?: number | undefined
  createdSince?: number | undefined
}

const owner = users.pick(['email', 'emailTyped', 'emailVerifiedAt', 'name', 'disabledAt', 'mfaPolicy'], 'user_')

const proven = sessions.pick(['amr'])

/** A session with what its user's row says now. */
export interface OwnedSession extends Session {
  user: ReturnType<typeof owner.read>
  /** The session began before everybody was signed out. */
  isOvertaken: boolean
}

/** Not one of those that ended when everybody was signed out. */
const IN_EPOCH = `sessions.epoch >= ${epochOf('sessions')}`

const OWNED = `SELECT ${sessions.qualified}, ${owner.columns}, ${epochOf('sessions')} AS epoch_now
  FROM sessions JOIN users ON users.id = sessions.user_id`

export async function insertSession(trx: Trx, session: NewRow<typeof sessions>): Promise<void> {
  trx.send(sessions.insert, sessions.values(session))
}

export async function findSession(sql: Sql, id: string): Promise<OwnedSession | undefined> {
  const row = await sql.one<StoredRow>(`${OWNED} WHERE sessions.id = ?`, [id])
  return row && readOwned(row)
}

/** Like findSession, and locks the row until the unit ends. A unit that also locks the user does that first. */
export async function lockSession(trx: Trx, id: string): Promise<OwnedSession | undefined> {
  const row = await trx.one<StoredRow>(`${OWNED} WHERE sessions.id = ?${forUpdate(trx, 'sessions')}`, [id])
  return row && readOwned(row)
}

/** Newest first. */
export async function listSessions(sql: Sql, filter: SessionFilter, limit: number): Promise<OwnedSession[]> {
  const { where, values } = conditions(sql, filter)
  const rows = await sql.all<StoredRow>(`${OWNED} ${where} ORDER BY sessions.id DESC LIMIT ?`, [...values, limit])
  return rows.map(readOwned)
}

/**
 * A user's unrevoked sessions beyond the `keep` that were used last, at most `limit` of them, the last used first. With
 * `liveAt`, expired ones are not counted.
 */
export async function listSurplus(
  sql: Sql,
  { keep, ...filter }: { userId: string; liveAt?: number; keep: number },
  limit: number,
): Promise<string[]> {
  const { where, values } = conditions(sql, filter)
  const rows = await sql.all<{ id: string }>(
    `SELECT id FROM sessions ${where} AND revoked_at IS NULL ORDER BY last_seen_at DESC, id DESC LIMIT ? OFFSET ?`,
    [...values, limit, keep],
  )
  return rows.map(({ id }) => id)
}

export async function countSessions(sql: Sql, filter: SessionFilter): Promise<number> {
  const { where, values } = conditions(sql, filter)
  const row = await sql.one<{ n: number }>(`SELECT count(*) AS n FROM sessions ${where}`, values)
  return Number(row?.n ?? 0)
}

/** The number of live sessions of each of these users. Users without one are not in the map. */
export async function countLiveSessions(
  sql: Sql,
  { userIds, now }: { userIds: string[]; now: number },
): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map()
  const rows = await sql.all<{ user_id: string; n: number }>(
    `SELECT user_id, count(*) AS n FROM sessions WHERE ${isAmong(sql, 'user_id')}
       AND revoked_at IS NULL AND idle_expires_at > ? AND expires_at > ? AND ${IN_EPOCH} GROUP BY user_id`,
    [JSON.stringify(userIds), now, now],
  )
  return new Map(rows.map((row) => [row.user_id, Number(row.n)]))
}

/**
 * The session was used: its idle end moves on, never past its absolute end. A time in the future comes from a clock
 * that was wrong. It is dated a day back, so that the session is neither fresh nor lives longer than it should. When its
 * tokens were refreshed and used is unknown then: a day back would make a theft of what two tabs did at once.
 */
export async function touchSession(
  trx: Trx,
  { id, now, idleExpiresAt }: { id: string; now: number; idleExpiresAt: number },
): Promise<void> {
  const latest = latestEnd(now, 0)
  const past = now - DAY
  const end = 'CASE WHEN created_at > ? THEN expires_at - created_at + ? ELSE expires_at END'
  trx.send(
    `UPDATE sessions SET last_seen_at = ?, idle_expires_at = CASE WHEN ${end} < ? THEN ${end} ELSE ? END,
       expires_at = ${end}, created_at = CASE WHEN created_at > ? THEN ? ELSE created_at END,
       auth_time = CASE WHEN auth_time > ? THEN ? ELSE auth_time END,
       refreshed_at = CASE WHEN refreshed_at > ? THEN ${UNKNOWN_TIME} ELSE refreshed_at END,
       generation_used_at = CASE WHEN generation_used_at > ? THEN ${UNKNOWN_TIME} ELSE generation_used_at END
     WHERE id = ? AND revoked_at IS NULL AND (last_seen_at < ? OR last_seen_at > ? OR created_at > ? OR refreshed_at > ?
       OR generation_used_at > ?)`,
    [
      ...[now, latest, past, idleExpiresAt, latest, past, idleExpiresAt],
      ...[latest, past, latest, past, latest, past, latest, latest],
      ...[id, now, latest, latest, latest, latest],
    ],
  )
}

/** The sets of proofs that a user's unrevoked sessions hold, each once, whatever the number of sessions. */
export async function listProvenSets(sql: Sql, userId: string): Promise<string[][]> {
  const text = 'SELECT DISTINCT amr FROM sessions WHERE user_id = ? AND revoked_at IS NULL'
  return (await sql.all<StoredRow>(text, [userId])).map((row) => proven.read(row).amr)
}

/**
 * Replaces one set of proofs in all of a user's unrevoked sessions but one, after a factor was removed. What is left was
 * proven at the beginning or later, and nobody knows when: no session is fresh by a proof that is gone.
 */
export async function replaceProvenSet(
  trx: Trx,
  {
    userId,
    from,
    exceptId,
    ...to
  }: { userId: string; from: string[]; exceptId: string } & Pick<Session, 'amr' | 'aal'>,
): Promise<void> {
  trx.send(
    'UPDATE sessions SET amr = ?, aal = ?, auth_time = created_at WHERE user_id = ? AND amr = ? AND revoked_at IS NULL AND id <> ?',
    [JSON.stringify(to.amr), to.aal, userId, JSON.stringify(from), exceptId],
  )
}

/** Gives the session another secret and salt, and records what was proven now. The old cookie and refresh token end. */
export async function renewSession(
  trx: Trx,
  session: Pick<Session, 'id' | 'secretDigest' | 'refreshSalt' | 'amr' | 'aal' | 'authTime' | 'isEnrolmentDue'>,
): Promise<boolean> {
  const { id, secretDigest, refreshSalt, amr, aal, authTime } = session
  const changed = await trx.run(
    `UPDATE sessions SET secret_digest = ?, refresh_salt = ?, amr = ?, aal = ?, auth_time = ?, is_enrolment_due = ?
     WHERE id = ? AND revoked_at IS NULL`,
    [secretDigest, refreshSalt, JSON.stringify(amr), aal, authTime, session.isEnrolmentDue ? 1 : 0, id],
  )
  return changed === 1
}

/** Ends the live sessions that the filter names; answers those that this call ended. */
export async function revokeSessions(
  trx: Trx,
  filter: SessionFilter & { exceptId?: string | undefined },
  by: { now: number; by: string; reason: string },
): Promise<{ id: string; userId: string }[]> {
  const { where, values } = conditions(trx, filter)
  const rows = await trx.all<{ id: string; user_id: string }>(
    `UPDATE sessions SET revoked_at = ?, revoked_by = ?, revoked_reason = ?
     ${where || 'WHERE 1 = 1'} AND sessions.revoked_at IS NULL AND sessions.id <> ? RETURNING id, user_id`,
    [by.now, by.by, by.reason, ...values, filter.exceptId ?? ''],
  )
  return rows.map((row) => ({ id: row.id, userId: row.user_id }))
}

/** The unrevoked sessions that the filter names: at most `limit` after an id, in the order of ids. */
export async function listUnrevoked(
  sql: Sql,
  { after, ...filter }: SessionFilter & { after: string },
  limit: number,
): Promise<string[]> {
  const { where, values } = conditions(sql, filter)
  const rows = await sql.all<{ id: string }>(
    `SELECT id FROM sessions ${where || 'WHERE 1 = 1'} AND revoked_at IS NULL AND id > ? ORDER BY id LIMIT ?`,
    [...values, after, limit],
  )
  return rows.map(({ id }) => id)
}

/**
 * Ends sessions that began before an epoch, the first `limit` after an id, in the order of ids. Returns those that this
 * call ended.
 */
export async function revokeOvertaken(
  trx: Trx,
  {
    epoch,
    after,
    limit,
    ...by
  }: { epoch: number; after: string; limit: number; now: number; by: string; reason: string },
): Promise<{ id: string; userId: string }[]> {
  const rows = await trx.all<{ id: string; user_id: string }>(
    `UPDATE sessions SET revoked_at = ?, revoked_by = ?, revoked_reason = ?
     WHERE revoked_at IS NULL AND id IN
       (SELECT id FROM sessions WHERE id > ? AND epoch < ? AND revoked_at IS NULL ORDER BY id LIMIT ?)
     RETURNING id, user_id`,
    [by.now, by.by, by.reason, after, epoch, limit],
  )
  return rows.map((row) => ({ id: row.id, userId: row.user_id })).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Addresses of live sessions, in the order of ids. */
export async function listLiveAddresses(
  sql: Sql,
  { now, after }: { now: number; after: string },
  limit: number,
): Promise<{ id: string; ip: string }[]> {
  return await sql.all<{ id: string; ip: string }>(
    `SELECT id, ip FROM sessions WHERE id > ? AND ip IS NOT NULL AND revoked_at IS NULL AND idle_expires_at > ?
       AND expires_at > ? AND ${IN_EPOCH} ORDER BY id LIMIT ?`,
    [after, now, now, limit],
  )
}

export async function deleteSessionsEndedBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    // Without an index on idle_expires_at, because every use of a session would write it.
    'DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ? OR revoked_at < ? LIMIT ?)',
    [before, before, limit],
  )
}

function conditions(sql: Sql, filter: SessionFilter): { where: string; values: Value[] } {
  const parts: string[] = []
  const values: Value[] = []
  const add = (text: string, ...more: Value[]) => {
    parts.push(text)
    values.push(...more)
  }
  if (filter.userId) add('sessions.user_id = ?', filter.userId)
  if (filter.ids) add(isAmong(sql, 'sessions.id'), JSON.stringify(filter.ids))
  if (filter.createdBefore !== undefined) add('sessions.created_at < ?', filter.createdBefore)
  if (filter.createdSince !== undefined) add('sessions.created_at >= ?', filter.createdSince)
  for (const { text, value } of spanConditions('sessions.id', filter)) add(text, value)
  if (filter.liveAt !== undefined) {
    // With the plus SQLite leaves the index of expires_at alone: nearly every row is in it.
    add(
      `sessions.revoked_at IS NULL AND sessions.idle_expires_at > ? AND +sessions.expires_at > ? AND ${IN_EPOCH}`,
      filter.liveAt,
      filter.liveAt,
    )
  }
  return {
    where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '',
    values,
  }
}

function readOwned(row: StoredRow): OwnedSession {
  const session = sessions.read(row)
  return { ...session, user: owner.read(row), isOvertaken: session.epoch < Number(row['epoch_now']) }
}
