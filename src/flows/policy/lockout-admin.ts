import type { Deps } from '../../deps.ts'
import { DAY, isAhead } from '../../platform/clock.ts'
import { mailboxOf } from '../../platform/mailbox.ts'
import { deleteFailuresOf, type FailureRow, type Failures, listFailures, NEVER } from '../../store/failed-attempts.ts'
import { deleteBucketsOf } from '../../store/rate-limits.ts'
import { lockUser, type User } from '../../store/users.ts'
import { resolveUser } from '../named-user.ts'
import { type AfterCursor, cursorAfter, readCursor, type SortedPart } from '../pagination.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { WRONG_CODES_A_DAY } from './code-budget.ts'
import { FIRST_WRONG_A_DAY, isBlocked, isDisabledBy } from './lockout.ts'

export type LockoutState = 'locked' | 'off' | 'long_codes' | 'used_up'

/** A lockout that is in force now. It covers one kind of code of one address. */
export interface Lockout {
  kind: string
  /** The address of a user, or one that was typed and has no user. */
  email: string
  failures: number
  state: LockoutState
  /** Null until an operator unlocks the user. */
  until: number | null
}

const MOST = 10_000

/** The lockouts in force, of all addresses or of one user. Throws USER_NOT_FOUND. */
export async function listLockouts(
  deps: Pick<Deps, 'db' | 'clock'>,
  filter: { user?: string | undefined } = {},
): Promise<Lockout[]> {
  return (await readLockouts(deps, filter, { limit: MOST })).rows
}

/** As listLockouts, one part of them, those with the most wrong codes first. */
export async function readLockouts(
  deps: Pick<Deps, 'db' | 'clock'>,
  { user: name }: { user?: string | undefined },
  { limit, cursor }: AfterCursor,
): Promise<SortedPart<Lockout>> {
  const now = deps.clock.now()
  const named = name === undefined ? undefined : await resolveUser(deps, name)
  const user = named && { userId: named.id, email: named.email }
  const after = cursor === undefined ? undefined : failureAt(cursor)
  const rows = await deps.db.read((sql) => listFailures(sql, { now, user, after }, limit))
  const nextCursor = cursorAfter(rows, limit, ({ failures, kind, subject }) => [failures, kind, subject])
  return { rows: rows.flatMap((row) => lockoutOf(row, now)), nextCursor }
}

function failureAt(cursor: string): Pick<FailureRow, 'failures' | 'kind' | 'subject'> {
  const { number: failures, words } = readCursor(cursor, 2)
  const [kind = '', subject = ''] = words
  return { failures, kind, subject }
}

function lockoutOf(row: FailureRow, now: number): Lockout[] {
  const { kind, subject, failures, windowEndsAt } = row
  const about = { kind, failures, email: row.email ?? subject.split(' ')[0] ?? subject }
  // A budget has a window of a day, a lockout has none.
  if (windowEndsAt !== NEVER) {
    const limit = kind === 'totp_first' ? FIRST_WRONG_A_DAY : WRONG_CODES_A_DAY
    if (failures < limit || !isAhead(now, windowEndsAt, DAY)) return []
    return [{ ...about, state: kind === 'totp_first' ? 'used_up' : 'long_codes', until: windowEndsAt }]
  }
  if (isDisabledBy(row)) return [{ ...about, state: 'off', until: null }]
  return isBlocked(row, now) ? [{ ...about, state: 'locked', until: row.blockedUntil }] : []
}

/** What was counted: wrong codes of a kind, or mails under the kind `mail_limit`. */
export type Cleared = Pick<Failures, 'kind' | 'failures' | 'blockedUntil'>

export interface Unlocked {
  user: User
  cleared: Cleared[]
}

/** Unlocks users after wrong codes, and resets the mail limit of their mailboxes. Returns what it cleared. */
export async function unlockUsers(deps: Deps, actor: Actor, names: string[]): Promise<Unlocked[]> {
  const users: User[] = []
  for (const name of names) users.push(await resolveUser(deps, name))
  const done: Unlocked[] = []
  for (const user of users) done.push({ user, cleared: await unlock(deps, actor, user) })
  return done
}

async function unlock(deps: Deps, actor: Actor, named: User): Promise<Cleared[]> {
  return await deps.db.write(async (trx) => {
    const user = await lockUser(trx, named.id)
    if (!user) return []
    const codes = await deleteFailuresOf(trx, { userId: user.id, email: user.email })
    const buckets = await deleteBucketsOf(trx, mailboxOf(user.email))
    const mails = buckets.reduce((sum, { policy, used }) => (policy.startsWith('email') ? sum + used : sum), 0)
    const limit = mails > 0 ? [{ kind: 'mail_limit', failures: mails, blockedUntil: null }] : []
    const cleared: Cleared[] = [...codes, ...limit]
    if (cleared.length === 0) return []
    const metadata = { lifted: cleared.map(({ kind, failures }) => `${kind} ${failures}`) }
    await recordEvent(deps, trx, actor, { type: 'user.unlocked', user, metadata })
    return cleared
  })
}
