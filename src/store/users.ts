import { forUpdate, type Sql, type Trx, type Value } from './db.ts'

export interface User {
  id: string
  /** Canonical: unique, and what mail is sent to. */
  email: string
  emailTyped: string
  name: string | null
  emailVerifiedAt: number | null
  createdAt: number
  lastSeenAt: number | null
  disabledAt: number | null
  disabledReason: string | null
}

interface UserRow {
  id: string
  email: string
  email_typed: string
  name: string | null
  email_verified_at: number | null
  created_at: number
  last_seen_at: number | null
  disabled_at: number | null
  disabled_reason: string | null
}

export interface UserFilter {
  search?: string | undefined
  isDisabled?: boolean | undefined
  inactiveSince?: number | undefined
  /** Ids below this one only: the list is newest first. */
  before?: string | undefined
}

/** False if somebody has this address already. */
export async function insertUser(
  trx: Trx,
  user: Pick<User, 'id' | 'email' | 'emailTyped' | 'name' | 'emailVerifiedAt' | 'createdAt'>,
): Promise<boolean> {
  const inserted = await trx.run(
    `INSERT INTO users (id, email, email_typed, name, email_verified_at, created_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (email) DO NOTHING`,
    [user.id, user.email, user.emailTyped, user.name, user.emailVerifiedAt, user.createdAt],
  )
  return inserted === 1
}

export async function findUser(sql: Sql, id: string): Promise<User | undefined> {
  return fromRow(await sql.one<UserRow>('SELECT * FROM users WHERE id = ?', [id]))
}

export async function findUserByEmail(sql: Sql, email: string): Promise<User | undefined> {
  return fromRow(await sql.one<UserRow>('SELECT * FROM users WHERE email = ?', [email]))
}

/** At most `limit` users whose id starts so. */
export async function listUsersByPrefix(sql: Sql, prefix: string, limit: number): Promise<User[]> {
  const rows = await sql.all<UserRow>('SELECT * FROM users WHERE id >= ? AND id < ? ORDER BY id LIMIT ?', [
    prefix,
    `${prefix}~`,
    limit,
  ])
  return rows.flatMap((row) => fromRow(row) ?? [])
}

/** Holds the person until the unit ends. Every unit about a person begins here. */
export async function lockUser(trx: Trx, id: string): Promise<User | undefined> {
  return fromRow(await trx.one<UserRow>(`SELECT * FROM users WHERE id = ?${forUpdate(trx)}`, [id]))
}

export async function lockUserByEmail(trx: Trx, email: string): Promise<User | undefined> {
  return fromRow(await trx.one<UserRow>(`SELECT * FROM users WHERE email = ?${forUpdate(trx)}`, [email]))
}

/** Newest first. */
export async function listUsers(sql: Sql, filter: UserFilter, limit: number): Promise<User[]> {
  const { where, values } = conditions(filter)
  const rows = await sql.all<UserRow>(`SELECT * FROM users ${where} ORDER BY id DESC LIMIT ?`, [...values, limit])
  return rows.flatMap((row) => fromRow(row) ?? [])
}

export async function countUsers(sql: Sql, filter: UserFilter): Promise<number> {
  const { where, values } = conditions({ ...filter, before: undefined })
  const row = await sql.one<{ n: number }>(`SELECT count(*) AS n FROM users ${where}`, values)
  return Number(row?.n ?? 0)
}

/** Marks the address as proven, once, and the person as seen. */
export async function recordSignIn(trx: Trx, id: string, now: number): Promise<void> {
  await trx.run('UPDATE users SET last_seen_at = ?, email_verified_at = COALESCE(email_verified_at, ?) WHERE id = ?', [
    now,
    now,
    id,
  ])
}

/** False if it was so already. */
export async function disableUser(
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
export async function enableUser(trx: Trx, id: string): Promise<boolean> {
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
  if (filter.isDisabled !== undefined) add(filter.isDisabled ? 'disabled_at IS NOT NULL' : 'disabled_at IS NULL')
  if (filter.inactiveSince !== undefined) add('COALESCE(last_seen_at, created_at) < ?', filter.inactiveSince)
  if (filter.before) add('id < ?', filter.before)
  return {
    where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '',
    values,
  }
}

function fromRow(row: UserRow | undefined): User | undefined {
  return (
    row && {
      id: row.id,
      email: row.email,
      emailTyped: row.email_typed,
      name: row.name,
      emailVerifiedAt: row.email_verified_at,
      createdAt: row.created_at,
      lastSeenAt: row.last_seen_at,
      disabledAt: row.disabled_at,
      disabledReason: row.disabled_reason,
    }
  )
}
