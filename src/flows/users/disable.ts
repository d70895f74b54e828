import type { Deps } from '../../deps.ts'
import type { Trx } from '../../store/db.ts'
import { findUser, lockUser, markUserDisabled, markUserEnabled, type User } from '../../store/users.ts'
import { resolveUser } from '../named-user.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import type { ChangedUser } from './delete.ts'
import { endAllOf } from './end-all.ts'

/** Changes each named user by changeOne. An unknown name stops it before any user is changed. */
async function changeUsers(
  deps: Deps,
  names: string[],
  changeOne: (user: User) => Promise<ChangedUser>,
): Promise<(ChangedUser & { user: User })[]> {
  const users: User[] = []
  for (const name of names) users.push(await resolveUser(deps, name))
  const changed: (ChangedUser & { user: User })[] = []
  for (const named of users) {
    const change = await changeOne(named)
    const user = await deps.db.read((sql) => findUser(sql, named.id))
    changed.push({ ...change, user: user ?? named })
  }
  return changed
}

/** Disables the named users. Throws USER_NOT_FOUND before any is changed. */
export async function disableUsers(
  deps: Deps,
  actor: Actor,
  { names, reason }: { names: string[]; reason: string | null },
): Promise<(ChangedUser & { user: User })[]> {
  return await changeUsers(deps, names, (user) => disableUser(deps, actor, user, reason))
}

/** Enables the named users. Throws USER_NOT_FOUND before any is changed. */
export async function enableUsers(
  deps: Deps,
  actor: Actor,
  { names }: { names: string[] },
): Promise<(ChangedUser & { user: User })[]> {
  return await changeUsers(deps, names, (user) => enableUser(deps, actor, user))
}

/** Disables a user. Their sessions, links and codes end in the same unit. */
export async function disableUser(
  deps: Deps,
  actor: Actor,
  { id }: Pick<User, 'id'>,
  reason: string | null,
): Promise<ChangedUser> {
  return await deps.db.write(async (trx) => {
    const user = await lockUser(trx, id)
    if (!user) return { isChanged: false, sessionsEnded: 0 }
    return await disableUserIn(deps, trx, actor, user, reason)
  })
}

/** Like disableUser, inside the unit that locks the user. */
export async function disableUserIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  user: User,
  reason: string | null,
): Promise<ChangedUser> {
  const isChanged = await markUserDisabled(trx, { id: user.id, now: deps.clock.now(), reason })
  const sessionsEnded = await endAllOf(deps, trx, actor, user, 'user_disabled')
  if (isChanged) {
    const metadata = reason === null ? {} : { reason }
    await recordEvent(deps, trx, actor, { type: 'user.disabled', user, metadata })
  }
  return { isChanged, sessionsEnded }
}

/** Enables a user again. Revoked sessions stay revoked. */
async function enableUser(deps: Deps, actor: Actor, { id }: Pick<User, 'id'>): Promise<ChangedUser> {
  return await deps.db.write(async (trx) => {
    const user = await lockUser(trx, id)
    return user ? await enableUserIn(deps, trx, actor, user) : { isChanged: false, sessionsEnded: 0 }
  })
}

/** Like enableUser, inside the unit that locks the user. */
export async function enableUserIn(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<ChangedUser> {
  const isChanged = await markUserEnabled(trx, user.id)
  if (isChanged) await recordEvent(deps, trx, actor, { type: 'user.enabled', user })
  return { isChanged, sessionsEnded: 0 }
}
