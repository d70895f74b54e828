import { epochOf } from './change-epochs.ts'
import { forUpdate, type Sql, type Trx, type Value } from './db.ts'
import { type IdSpan, spanConditions } from './id-spans.ts'
import { endInvitations } from './invitations.ts'
import { integer, type NewRow, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'

export const users = table(
  'users',
  {
    id: text,
    /** Canonical: unique, and what mail is sent to. */
    email: text,
    emailTyped: text,
    name: nullable(text),
    emailVerifiedAt: nullable(integer),
    createdAt: integer,
    lastSeenAt: nullable(integer),
    disabledAt: nullable(integer),
    disabledReason: nullable(text),
    /** Of the mails; as the last sign-in asked for. */
    lang: nullable(text),
    /** The passkeys' user handle: random, never the address. */
    webauthnUserId: nullable(text),
    /** Set by an operator for this user. Null: the policy of the deployment applies. */
    mfaPolicy: nullable(word<MfaPolicy>()),
    /** Until when an invited user may prove the address. 0 after a lockdown. Null: not invited. */
    invitedUntil: nullable(integer),
    /** The epoch of sign-ins of the invitation. */
    invitedEpoch: integer,
    /** Since when some address of theirs has counted as verified. It stays when the address changes. */
    firstVerifiedAt: nullable(integer),
  },
  {
    defaulted: [
      'lastSeenAt',
      'disabledAt',
      'disabledReason',
      'lang',
      'webauthnUserId',
      'mfaPolicy',
      'invitedUntil',
      'invitedEpoch',
    ],
    derived: {
      invitedUntil: `CASE WHEN users.invited_until IS NULL THEN NULL
        WHEN users.invited_epoch < ${epochOf('signins')} THEN 0 ELSE users.invited_until END`,
    },
  },
)

export type User = RowOf<typeof users>

/** `optional`: a second factor is due if the user has one. `required`: the user must have one. */
export type MfaPolicy = 'optional' | 'required'

/** `invited`: has not proven the address yet, and was asked to. */
export type UserStatus = 'active' | 'invited' | 'disabled'

export interface UserFilter extends IdSpan {
  /** Canonical. */
  email?: string | undefined
  search?: string | undefined
  status?: UserStatus | undefined
  /** Without any of this kind. */
  without?: 'passkey' | 'totp' | undefined
  inactiveSince?: number | undefined
}

/** False if another user has this address. */
export async function insertUser(trx: Trx, user: Omit<NewRow<typeof users>, 'firstVerifiedAt'>): Promise<boolean> {
  const row = { ...user, firstVerifiedAt: user.emailVerifiedAt }
  const inserted = await trx.run(`${users.insert} ON CONFLICT (email) DO NOTHING`, users.values(row))
  return inserted === 1
}

/** Completes a user who was inserted in this unit with what another place knew of them. */
export async function fillMovedUser(
  trx: Trx,
  user: Pick<
    User,
    | 'id'
    | 'lastSeenAt'
    | 'disabledAt'
    | 'disabledReason'
    | 'lang'
    | 'webauthnUserId'
    | 'mfaPolicy'
    | 'invitedUntil'
    | 'firstVerifiedAt'
  >,
): Promise<void> {
  trx.send(
    `UPDATE users SET last_seen_at = ?, disabled_at = ?, disabled_reason = ?, lang = ?, webauthn_user_id = ?,
       mfa_policy = ?, invited_until = ?, invited_epoch = ${epochOf('signins')}, first_verified_at = ? WHERE id = ?`,
    [
      user.lastSeenAt,
      user.disabledAt,
      user.disabledReason,
      user.lang,
      user.webauthnUserId,
      user.mfaPolicy,
      user.invitedUntil,
      user.firstVerifiedAt,
      user.id,
    ],
  )
}

export async function findUser(sql: Sql, id: string): Promise<User | undefined> {
  return users.readOne(await sql.one<StoredRow>(`SELECT ${users.columns} FROM users WHERE id = ?`, [id]))
}

export async function findUserByEmail(sql: Sql, email: string): Promise<User | undefined> {
  return users.readOne(await sql.one<StoredRow>(`SELECT ${users.columns} FROM users WHERE email = ?`, [email]))
}

/** At most `limit` users whose id starts so. */
export async function listUsersByPrefix(sql: Sql, prefix: string, limit: number): Promise<User[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${users.columns} FROM users WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
    [prefix, `${prefix}~`, limit],
  )
  return rows.map(users.read)
}

/** Locks the user until the unit ends. Every unit about a user begins here. */
export async function lockUser(trx: Trx, id: string): Promise<User | undefined> {
  return users.readOne(
    await trx.one<StoredRow>(`SELECT ${users.columns} FROM users WHERE id = ?${forUpdate(trx)}`, [id]),
  )
}

export async function lockUserByEmail(trx: Trx, email: string): Promise<User | undefined> {
  return users.readOne(
    await trx.one<StoredRow>(`SELECT ${users.columns} FROM users WHERE email = ?${forUpdate(trx)}`, [email]),
  )
}

/** Newest first. */
export async function listUsers(sql: Sql, filter: UserFilter, limit: number, offset = 0): Promise<User[]> {
  const { where, values } = conditions(filter)
  const page = [...values, limit, offset]
  const rows = await sql.all<StoredRow>(
    `SELECT ${users.columns} FROM users ${where} ORDER BY id DESC LIMIT ? OFFSET ?`,
    page,
  )
  return rows.map(users.read)
}

export async function countUsers(sql: Sql, filter: UserFilter): Promise<number> {
  const { where, values } = conditions(filter)
  const row = await sql.one<{ n: number }>(`SELECT count(*) AS n FROM users ${where}`, values)
  return Number(row?.n ?? 0)
}

/** Records the time and language of a sign-in. */
export async function recordSignIn(trx: Trx, input: { id: string; now: number; lang: string }): Promise<void> {
  trx.send('UPDATE users SET last_seen_at = ?, lang = ? WHERE id = ?', [input.now, input.lang, input.id])
}

/** Sets when the address was verified, and that the user needs no invitation any more. */
const VERIFY = `email_verified_at = ?, first_verified_at = COALESCE(first_verified_at, ?), invited_until = NULL`

/** Marks the address as verified, which ends the user's invitations. Returns false if it was so already. */
export async function verifyUserEmail(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  const changed = await trx.run(`UPDATE users SET ${VERIFY} WHERE id = ? AND email_verified_at IS NULL`, [
    input.now,
    input.now,
    input.id,
  ])
  if (changed === 1) await endInvitations(trx, input.id)
  return changed === 1
}

export async function updateUserName(trx: Trx, input: { id: string; name: string | null }): Promise<void> {
  trx.send('UPDATE users SET name = ? WHERE id = ?', [input.name, input.id])
}

export async function updateUserLang(trx: Trx, input: { id: string; lang: string | null }): Promise<void> {
  trx.send('UPDATE users SET lang = ? WHERE id = ?', [input.lang, input.id])
}

export async function updateUserMfaPolicy(trx: Trx, input: { id: string; policy: MfaPolicy | null }): Promise<void> {
  trx.send('UPDATE users SET mfa_policy = ? WHERE id = ?', [input.policy, input.id])
}

/**
 * Changes the address, which ends the user's invitations: they were for the former one. False if another user has this
 * address. `emailVerifiedAt` null: not verified.
 */
export async function updateUserEmail(
  trx: Trx,
  input: { id: string; email: string; emailTyped: string; emailVerifiedAt: number | null },
): Promise<boolean> {
  const verifiedAt = input.emailVerifiedAt
  const changed = await trx.run(
    `UPDATE users SET email = ?, email_typed = ?, ${verifiedAt === null ? 'email_verified_at = NULL' : VERIFY}
     WHERE id = ? AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email = ? AND other.id <> ?)`,
    [
      input.email,
      input.emailTyped,
      ...(verifiedAt === null ? [] : [verifiedAt, verifiedAt]),
      input.id,
      input.email,
      input.id,
    ],
  )
  if (changed === 1) await endInvitations(trx, input.id)
  return changed === 1
}

/** Invites a user who has not proven the address. False for one who has. */
export async function inviteUser(trx: Trx, input: { id: string; until: number }): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE users SET invited_until = ?, invited_epoch = ${epochOf('signins')}
     WHERE id = ? AND email_verified_at IS NULL`,
    [input.until, input.id],
  )
  return changed === 1
}

/** The user who has this user handle. */
export async function findUserByHandle(sql: Sql, webauthnUserId: string): Promise<User | undefined> {
  const text = `SELECT ${users.columns} FROM users WHERE webauthn_user_id = ? ORDER BY id LIMIT 1`
  return users.readOne(await sql.one<StoredRow>(text, [webauthnUserId]))
}

/** The user handle of the user: the existing one, or this new one. */
export async function takeWebauthnUserId(trx: Trx, input: { id: string; fresh: string }): Promise<string> {
  const row = await trx.one<{ webauthn_user_id: string }>(
    'UPDATE users SET webauthn_user_id = COALESCE(webauthn_user_id, ?) WHERE id = ? RETURNING webauthn_user_id',
    [input.fresh, input.id],
  )
  return row?.webauthn_user_id ?? input.fresh
}

/** False if it was so already. */
export async function markUserDisabled(
  trx: Trx,
  input: { id: string; now: number; reason: string | null },
): Promise<boolean> {
  const changed = await trx.run(
    'UPDATE users SET disabled_at = ?, disabled_reason = ? WHERE id = ? AND disabled_at IS NULL',
    [input.now, input.reason, input.id],
  )
  return changed === 1
}

/** False if it was so already. */
export async function markUserEnabled(trx: Trx, id: string): Promise<boolean> {
  const changed = await trx.run(
    'UPDATE users SET disabled_at = NULL, disabled_reason = NULL WHERE id = ? AND disabled_at IS NOT NULL',
    [id],
  )
  return changed === 1
}

/** Takes sessions and devices with it (foreign keys). */
export async function deleteUser(trx: Trx, id: string): Promise<boolean> {
  return (await trx.run('DELETE FROM users WHERE id = ?', [id])) === 1
}

const INVITED = 'email_verified_at IS NULL AND invited_until IS NOT NULL'
const STATUS: Record<UserStatus, string> = {
  active: `disabled_at IS NULL AND NOT (${INVITED})`,
  invited: `disabled_at IS NULL AND ${INVITED}`,
  disabled: 'disabled_at IS NOT NULL',
}

const WITHOUT = {
  passkey: 'NOT EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = users.id)',
  totp: 'NOT EXISTS (SELECT 1 FROM totp_secrets WHERE totp_secrets.user_id = users.id AND secret_sealed IS NOT NULL)',
}

function conditions(filter: UserFilter): { where: string; values: Value[] } {
  const parts: string[] = []
  const values: Value[] = []
  const add = (text: string, ...more: Value[]) => {
    parts.push(text)
    values.push(...more)
  }
  if (filter.search) {
    const pattern = `%${filter.search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
    add("(email LIKE ? ESCAPE '\\' OR lower(COALESCE(name, '')) LIKE ? ESCAPE '\\')", pattern, pattern)
  }
  if (filter.email) add('email = ?', filter.email)
  if (filter.status) add(STATUS[filter.status])
  if (filter.without) add(WITHOUT[filter.without])
  if (filter.inactiveSince !== undefined) add('COALESCE(last_seen_at, created_at) < ?', filter.inactiveSince)
  for (const { text, value } of spanConditions('id', filter)) add(text, value)
  return {
    where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '',
    values,
  }
}
