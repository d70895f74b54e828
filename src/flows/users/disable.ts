import type { Deps } from '../../deps.ts'
import {
  findUser,
  lockUser,
  disableUser as markDisabled,
  enableUser as markEnabled,
  type User,
} from '../../store/users.ts'
import { type Origin, recordEvent } from '../event.ts'
import { resolveUser } from '../named-user.ts'
import { type ChangedUser, endAllOf } from './delete.ts'

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

export async function disableUsers(
  deps: Deps,
  origin: Origin,
  { names, reason }: { names: string[]; reason: string | null },
): Promise<(ChangedUser & { user: User })[]> {
  return await changeUsers(deps, names, (user) => disableUser(deps, origin, user, reason))
}

export async function enableUsers(
  deps: Deps,
  origin: Origin,
  { names }: { names: string[] },
): Promise<(ChangedUser & { user: User })[]> {
  return await changeUsers(deps, names, (user) => enableUser(deps, origin, user))
}

/** Disables a user. Their sessions, links, codes and queued mails end in the same unit. */
export async function disableUser(deps: Deps, origin: Origin, user: User, reason: string | null): Promise<ChangedUser> {
  const now = deps.clock.now()
  return await deps.db.write(async (trx) => {
    await lockUser(trx, user.id)
    const isChanged = await markDisabled(trx, { id: user.id, now, reason })
    const sessionsEnded = await endAllOf(deps, trx, origin, user, 'user_disabled')
    if (isChanged) {
      const metadata = reason === null ? {} : { reason }
      await recordEvent(deps, trx, origin, {
        type: 'user.disabled',
        userId: user.id,
        email: user.email,
        metadata,
      })
    }
    return { isChanged, sessionsEnded }
  })
}

/** Enables a user again. Revoked sessions stay revoked. */
async function enableUser(deps: Deps, origin: Origin, user: User): Promise<ChangedUser> {
  return await deps.db.write(async (trx) => {
    await lockUser(trx, user.id)
    const isChanged = await markEnabled(trx, user.id)
    if (isChanged)
      await recordEvent(deps, trx, origin, {
        type: 'user.enabled',
        userId: user.id,
        email: user.email,
      })
    return { isChanged, sessionsEnded: 0 }
  })
}
