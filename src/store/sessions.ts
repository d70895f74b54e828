import { placeholders, type Sql, type Trx, type Value } from './db.ts'
import { type IdSpan, spanConditions } from './id-spans.ts'
import type { Delivery } from './signin-attempts.ts'
import { type MfaPolicy, toMfaPolicy } from './users.ts'

export interface Session {
  id: string
  userId: string
  delivery: Delivery
  /** Of the cookie's secret; null where tokens were delivered. */
  secretDigest: string | null
  amr: string[]
  aal: number
  /** Good for enrolling a factor and signing out, and for nothing else. */
  isEnrolmentDue: boolean
  authTime: number
  createdAt: number
  lastSeenAt: number
  idleExpiresAt: number
  expiresAt: number
  ip: string | null
  userAgent: string | null
  /** Of the refresh token: the one that may be used next carries it. */
  generation: number
  refreshSalt: string
  refreshedAt: number
  revokedAt: number | null
  revokedBy: string | null
  revokedReason: string | null
}

/** A session with what its owner's row says now. */
export interface OwnedSession extends Session {
  user: {
    email: string
    emailTyped: string
    name: string | null
    disabledAt: number | null
    mfaPolicy: MfaPolicy | null
  }
}

interface SessionRow {
  id: string
  user_id: string
  delivery: string
  secret_digest: string | null
  amr: string
  aal: number
  is_enrolment_due: number
  auth_time: number
  created_at: number
  last_seen_at: number
  idle_expires_at: number
  expires_at: number
  ip: string | null
  user_agent: string | null
  generation: number
  refresh_salt: string
  refreshed_at: number
  revoked_at: number | null
  revoked_by: string | null
  revoked_reason: string | null
}

interface OwnedSessionRow extends SessionRow {
  user_email: string
  user_email_typed: string
  user_name: string | null
  user_disabled_at: number | null
  user_mfa_policy: string | null
}

export interface SessionFilter extends IdSpan {
  userId?: string | undefined
  ids?: string[] | undefined
  /** Live at this time only. */
  liveAt?: number | undefined
  createdBefore?: number | undefined
  createdSince?: number | undefined
}

const OWNED = `SELECT sessions.*, users.email AS user_email, users.email_typed AS user_email_typed,
    users.name AS user_name, users.disabled_at AS user_disabled_at,
    users.mfa_policy AS user_mfa_policy
  FROM sessions JOIN users ON users.id = sessions.user_id`

export async function insertSession(
  trx: Trx,
  session: Omit<Session, 'revokedAt' | 'revokedBy' | 'revokedReason'>,
): Promise<void> {
  await trx.run(
    `INSERT INTO sessions (id, user_id, delivery, secret_digest, amr, aal, is_enrolment_due, auth_time, created_at, last_seen_at,
       idle_expires_at, expires_at, ip, user_agent, generation, refresh_salt, refreshed_at) VALUES ${placeholders(17)}`,
    [
      session.id,
      session.userId,
      session.delivery,
      session.secretDigest,
      JSON.stringify(session.amr),
      session.aal,
      session.isEnrolmentDue ? 1 : 0,
      session.authTime,
      session.createdAt,
      session.lastSeenAt,
      session.idleExpiresAt,
      session.expiresAt,
      session.ip,
      session.userAgent,
      session.generation,
      session.refreshSalt,
      session.refreshedAt,
    ],
  )
}

export async function findSession(sql: Sql, id: string): Promise<OwnedSession | undefined> {
  const row = await sql.one<OwnedSessionRow>(`${OWNED} WHERE sessions.id = ?`, [id])
  return row && fromOwnedRow(row)
}

/** Newest first. */
export async function listSessions(sql: Sql, filter: SessionFilter, limit: number): Promise<OwnedSession[]> {
  const { where, values } = conditions(filter)
  const rows = await sql.all<OwnedSessionRow>(`${OWNED} ${where} ORDER BY sessions.id DESC LIMIT ?`, [...values, limit])
  return rows.map(fromOwnedRow)
}

export async function countSessions(sql: Sql, filter: SessionFilter): Promise<number> {
  const { where, values } = conditions(filter)
  const row = await sql.one<{ n: number }>(`SELECT count(*) AS n FROM sessions ${where}`, values)
  return Number(row?.n ?? 0)
}

/** How many live sessions each of these people has; who has none is not in the map. */
export async function countLiveSessions(
  sql: Sql,
  { userIds, now }: { userIds: string[]; now: number },
): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map()
  const rows = await sql.all<{ user_id: string; n: number }>(
    `SELECT user_id, count(*) AS n FROM sessions WHERE user_id IN ${placeholders(userIds.length)}
       AND revoked_at IS NULL AND idle_expires_at > ? AND expires_at > ? GROUP BY user_id`,
    [...userIds, now, now],
  )
  return new Map(rows.map((row) => [row.user_id, Number(row.n)]))
}

/** The session was used: its idle end moves on, never past its absolute end. */
export async function touchSession(trx: Trx, input: { id: string; now: number; idleExpiresAt: number }): Promise<void> {
  await trx.run(
    `UPDATE sessions SET last_seen_at = ?, idle_expires_at = CASE WHEN expires_at < ? THEN expires_at ELSE ? END
     WHERE id = ? AND revoked_at IS NULL AND last_seen_at < ?`,
    [input.now, input.idleExpiresAt, input.idleExpiresAt, input.id, input.now],
  )
}

/** Spends the refresh token of this generation: the session as it is then for one of any number of racers. */
export async function rotateSession(
  trx: Trx,
  input: { id: string; generation: number; now: number; idleExpiresAt: number },
): Promise<Pick<Session, 'generation' | 'idleExpiresAt'> | undefined> {
  const row = await trx.one<Pick<SessionRow, 'generation' | 'idle_expires_at'>>(
    `UPDATE sessions SET generation = generation + 1, refreshed_at = ?, last_seen_at = ?,
       idle_expires_at = CASE WHEN expires_at < ? THEN expires_at ELSE ? END
     WHERE id = ? AND generation = ? AND revoked_at IS NULL AND idle_expires_at > ? AND expires_at > ?
     RETURNING generation, idle_expires_at`,
    [input.now, input.now, input.idleExpiresAt, input.idleExpiresAt, input.id, input.generation, input.now, input.now],
  )
  return row && { generation: row.generation, idleExpiresAt: row.idle_expires_at }
}

/** Gives the session another secret and salt, and what was proven now: the old cookie and refresh token are nobody's. */
export async function renewSession(
  trx: Trx,
  session: Pick<Session, 'id' | 'secretDigest' | 'refreshSalt' | 'amr' | 'aal' | 'authTime' | 'isEnrolmentDue'>,
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE sessions SET secret_digest = ?, refresh_salt = ?, amr = ?, aal = ?, auth_time = ?, is_enrolment_due = ?
     WHERE id = ? AND revoked_at IS NULL`,
    [
      session.secretDigest,
      session.refreshSalt,
      JSON.stringify(session.amr),
      session.aal,
      session.authTime,
      session.isEnrolmentDue ? 1 : 0,
      session.id,
    ],
  )
  return changed === 1
}

/** Ends the live sessions that the filter names; answers those that this call ended. */
export async function revokeSessions(
  trx: Trx,
  filter: SessionFilter & { exceptId?: string | undefined },
  by: { now: number; by: string; reason: string },
): Promise<{ id: string; userId: string }[]> {
  const { where, values } = conditions(filter)
  const rows = await trx.all<{ id: string; user_id: string }>(
    `UPDATE sessions SET revoked_at = ?, revoked_by = ?, revoked_reason = ?
     ${where || 'WHERE 1 = 1'} AND sessions.revoked_at IS NULL AND sessions.id <> ? RETURNING id, user_id`,
    [by.now, by.by, by.reason, ...values, filter.exceptId ?? ''],
  )
  return rows.map((row) => ({ id: row.id, userId: row.user_id }))
}

/** Addresses of live sessions, in the order of ids. */
export async function listLiveAddresses(
  sql: Sql,
  { now, after }: { now: number; after: string },
  limit: number,
): Promise<{ id: string; ip: string }[]> {
  return await sql.all<{ id: string; ip: string }>(
    `SELECT id, ip FROM sessions WHERE id > ? AND ip IS NOT NULL AND revoked_at IS NULL AND idle_expires_at > ?
       AND expires_at > ? ORDER BY id LIMIT ?`,
    [after, now, now, limit],
  )
}

export async function deleteSessionsEndedBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ? OR idle_expires_at < ?
       OR revoked_at < ? LIMIT ?)`,
    [before, before, before, limit],
  )
}

function conditions(filter: SessionFilter): { where: string; values: Value[] } {
  const parts: string[] = []
  const values: Value[] = []
  const add = (text: string, ...more: Value[]) => {
    parts.push(text)
    values.push(...more)
  }
  if (filter.userId) add('sessions.user_id = ?', filter.userId)
  if (filter.ids)
    add(filter.ids.length > 0 ? `sessions.id IN ${placeholders(filter.ids.length)}` : '1 = 0', ...filter.ids)
  if (filter.createdBefore !== undefined) add('sessions.created_at < ?', filter.createdBefore)
  if (filter.createdSince !== undefined) add('sessions.created_at >= ?', filter.createdSince)
  for (const { text, value } of spanConditions('sessions.id', filter)) add(text, value)
  if (filter.liveAt !== undefined) {
    // With the plus SQLite leaves the index of expires_at alone: nearly every row is in it.
    add(
      'sessions.revoked_at IS NULL AND sessions.idle_expires_at > ? AND +sessions.expires_at > ?',
      filter.liveAt,
      filter.liveAt,
    )
  }
  return {
    where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '',
    values,
  }
}

function fromOwnedRow(row: OwnedSessionRow): OwnedSession {
  return {
    id: row.id,
    userId: row.user_id,
    delivery: row.delivery === 'cookie' ? 'cookie' : 'tokens',
    secretDigest: row.secret_digest,
    amr: JSON.parse(row.amr) as string[],
    aal: row.aal,
    isEnrolmentDue: row.is_enrolment_due === 1,
    authTime: row.auth_time,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    idleExpiresAt: row.idle_expires_at,
    expiresAt: row.expires_at,
    ip: row.ip,
    userAgent: row.user_agent,
    generation: row.generation,
    refreshSalt: row.refresh_salt,
    refreshedAt: row.refreshed_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
    revokedReason: row.revoked_reason,
    user: {
      email: row.user_email,
      emailTyped: row.user_email_typed,
      name: row.user_name,
      disabledAt: row.user_disabled_at,
      mfaPolicy: toMfaPolicy(row.user_mfa_policy),
    },
  }
}
