import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { EmailAddress } from '../../platform/email-address.ts'
import type { Trx } from '../../store/db.ts'
import {
  fillMovedUser,
  findUser,
  insertUser,
  lockUserByEmail,
  type MfaPolicy,
  type User,
  updateUserLang,
  updateUserMfaPolicy,
  updateUserName,
} from '../../store/users.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { disableUserIn, enableUserIn } from './disable.ts'
import { inviteIn } from './invitation.ts'
import { addFactors, type MovedFactors, refuseOthersHandle } from './moved-factors.ts'

/** A user in an export. What is undefined was not said: a new user gets the default, an existing one keeps theirs. */
export interface MovedUser extends MovedFactors {
  email: EmailAddress
  id?: string | undefined
  name?: string | null | undefined
  createdAt?: number | undefined
  lastSeenAt?: number | null | undefined
  emailVerifiedAt?: number | null | undefined
  firstVerifiedAt?: number | null | undefined
  disabledAt?: number | null | undefined
  disabledReason?: string | null | undefined
  lang?: string | null | undefined
  mfaPolicy?: MfaPolicy | null | undefined
  invitedUntil?: number | null | undefined
}

/** What to do with a row whose address a user has already. */
export type OnDuplicate = 'skip' | 'update' | 'fail'

/** `invited`: created, and sent an invitation. */
export type RowOutcome = 'created' | 'invited' | 'updated' | 'unchanged' | 'skipped' | { fault: string }

export interface ImportHow {
  onDuplicate: OnDuplicate
  /** How long invitations of new users are valid, in milliseconds; undefined: none is sent. */
  inviteForMs?: number | undefined
}

/**
 * Imports the rows of one unit, which cli/user-rows.ts cuts by `PART` (bulk-units.ts). If one of them cannot be imported,
 * each row is a unit of its own, so that every row is in whole or not at all. Returns what became of each, in their order.
 */
export async function importUsers(
  deps: Deps,
  actor: Actor,
  { rows, ...how }: { rows: readonly MovedUser[] } & ImportHow,
): Promise<RowOutcome[]> {
  const unit = (part: readonly MovedUser[]) =>
    deps.db.write((trx) => importIn(deps, trx, actor, { rows: part, ...how }))
  try {
    return await unit(rows)
  } catch (error) {
    if (!(error instanceof AuthdError)) throw error
  }
  const outcomes: RowOutcome[] = []
  for (const row of rows) {
    try {
      outcomes.push(...(await unit([row])))
    } catch (error) {
      if (!(error instanceof AuthdError)) throw error
      outcomes.push({ fault: error.message })
    }
  }
  return outcomes
}

/** Every user is locked before anything else, and in the order of addresses, so that two imports do not deadlock. */
async function importIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { rows, onDuplicate, inviteForMs }: { rows: readonly MovedUser[] } & ImportHow,
): Promise<RowOutcome[]> {
  const held = new Map<MovedUser, { user: User; isNew: boolean }>()
  const ordered = rows.toSorted((a, b) => (a.email.canonical < b.email.canonical ? -1 : 1))
  for (const row of ordered) held.set(row, await holdUser(deps, trx, row))
  const outcomes: RowOutcome[] = []
  for (const row of rows) {
    const { user, isNew } = held.get(row) ?? (await holdUser(deps, trx, row))
    if (isNew) {
      await recordEvent(deps, trx, actor, { type: 'user.registered', user })
      await addFactors(deps, trx, actor, { user, factors: row, isTold: false })
      const invitation = inviteForMs !== undefined && { ttlMs: inviteForMs, lang: row.lang ?? 'en', mustSend: true }
      const isInvited = invitation && (await inviteIn(deps, trx, actor, { user, ...invitation }))
      outcomes.push(isInvited ? 'invited' : 'created')
    } else if (onDuplicate === 'skip') outcomes.push('skipped')
    else if (onDuplicate === 'fail') {
      throw new AuthdError('CONFLICT', { message: `${user.email} exists already (${user.id}).` })
    } else outcomes.push((await updateIn(deps, trx, actor, { row, user })) ? 'updated' : 'unchanged')
  }
  return outcomes
}

/** The user of a row, locked or made. Throws CONFLICT if another user has the id of the row. */
async function holdUser(deps: Deps, trx: Trx, row: MovedUser): Promise<{ user: User; isNew: boolean }> {
  const { canonical: email, typed: emailTyped } = row.email
  const found = await lockUserByEmail(trx, email)
  const id = row.id ?? deps.random.id('usr')
  if (!found) {
    const other = await findUser(trx, id)
    if (other) throw new AuthdError('CONFLICT', { message: `${other.email} has the id ${id} already.` })
    if (row.webauthnUserId) await refuseOthersHandle(trx, id, row.webauthnUserId)
    const createdAt = row.createdAt ?? deps.clock.now()
    const { name = null, emailVerifiedAt = null } = row
    if (await insertUser(trx, { id, email, emailTyped, name, emailVerifiedAt, createdAt })) {
      await fillMovedUser(trx, {
        id,
        lastSeenAt: row.lastSeenAt ?? null,
        disabledAt: row.disabledAt ?? null,
        disabledReason: row.disabledReason ?? null,
        lang: row.lang ?? null,
        webauthnUserId: row.webauthnUserId ?? null,
        mfaPolicy: row.mfaPolicy ?? null,
        invitedUntil: emailVerifiedAt === null ? (row.invitedUntil ?? null) : null,
        firstVerifiedAt: row.firstVerifiedAt ?? emailVerifiedAt,
      })
    }
  }
  const user = found ?? (await lockUserByEmail(trx, email))
  if (!user) throw new Error('an inserted user was not found')
  return { user, isNew: !found && user.id === id }
}

/** Changes what the row says of a user. The address, its verification and factors in use stay as they are. */
async function updateIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { row, user }: { row: MovedUser; user: User },
): Promise<boolean> {
  if (row.id !== undefined && row.id !== user.id) {
    throw new AuthdError('CONFLICT', { message: `${user.email} has another id here, ${user.id}.` })
  }
  const changed: string[] = []
  if (row.name !== undefined && row.name !== user.name) {
    await updateUserName(trx, { id: user.id, name: row.name })
    changed.push('name')
  }
  if (row.mfaPolicy !== undefined && row.mfaPolicy !== user.mfaPolicy) {
    await updateUserMfaPolicy(trx, { id: user.id, policy: row.mfaPolicy })
    changed.push('mfa_policy')
  }
  if (row.lang !== undefined && row.lang !== user.lang) {
    await updateUserLang(trx, { id: user.id, lang: row.lang })
    changed.push('locale')
  }
  if (changed.length > 0) await recordEvent(deps, trx, actor, { type: 'user.updated', user, metadata: { changed } })
  const hasFactors = await addFactors(deps, trx, actor, { user, factors: row, isTold: true })
  return (await setState(deps, trx, actor, { row, user })) || hasFactors || changed.length > 0
}

async function setState(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { row, user }: { row: MovedUser; user: User },
): Promise<boolean> {
  if (row.disabledAt === undefined || (row.disabledAt === null) === (user.disabledAt === null)) return false
  const change =
    row.disabledAt === null
      ? await enableUserIn(deps, trx, actor, user)
      : await disableUserIn(deps, trx, actor, user, row.disabledReason ?? null)
  return change.isChanged
}
