import type { Deps } from '../../deps.ts'
import type { Trx } from '../../store/db.ts'
import { forgetDevices } from '../../store/devices.ts'
import { cancelMailTo } from '../../store/outbox.ts'
import { endRecoveryLinks } from '../../store/recovery-links.ts'
import { endSigninAttempts } from '../../store/signin-attempts.ts'
import { deleteUser, lockUser, type User } from '../../store/users.ts'
import { type Actor, recordEvent } from '../event.ts'
import { endSessionsIn } from '../sessions/session.ts'
import { eraseEventsOf } from './erasure.ts'

export interface ChangedUser {
  isChanged: boolean
  sessionsEnded: number
}

/**
 * Deletes a user. The audit log keeps the events, without what is personal. The sign-up policy decides whether they can
 * sign up again.
 */
export async function removeUser(deps: Deps, actor: Actor, user: User): Promise<ChangedUser> {
  return await deps.db.write(async (trx) => {
    if (!(await lockUser(trx, user.id))) return { isChanged: false, sessionsEnded: 0 }
    return await removeUserIn(deps, trx, actor, user)
  })
}

/** As removeUser, inside the unit that locks the user. */
export async function removeUserIn(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<ChangedUser> {
  const sessionsEnded = await endAllOf(deps, trx, actor, user, 'user_deleted')
  await eraseEventsOf(trx, user)
  await recordEvent(deps, trx, actor, { type: 'user.deleted', user: { id: user.id } })
  return { isChanged: await deleteUser(trx, user.id), sessionsEnded }
}

/**
 * Revokes a user's sessions, ends their attempts and recovery links, cancels their mails and forgets their devices.
 * Returns the number of sessions.
 */
export async function endAllOf(deps: Deps, trx: Trx, actor: Actor, user: User, reason: string): Promise<number> {
  const now = deps.clock.now()
  const ended = await endSessionsIn(deps, trx, actor, { filter: { userId: user.id }, reason })
  await endSigninAttempts(trx, user.email)
  await cancelMailTo(trx, { recipient: user.email, now })
  await forgetDevices(trx, user.id)
  await endRecoveryLinks(trx, user.id)
  return ended.length
}
