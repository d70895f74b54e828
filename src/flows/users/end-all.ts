import type { Deps } from '../../deps.ts'
import type { Trx } from '../../store/db.ts'
import { forgetDevices } from '../../store/devices.ts'
import { cancelAttemptMail, cancelProofMailTo } from '../../store/outbox.ts'
import { endRecoveryLinks } from '../../store/recovery-links.ts'
import { deleteBoundAttempts, endSigninAttempts } from '../../store/signin-attempts.ts'
import type { User } from '../../store/users.ts'
import type { Actor } from '../record-event.ts'
import { endSessionsIn } from '../sessions/end-session.ts'

/**
 * Revokes a user's sessions, ends their attempts and recovery links with the mails of these, and forgets their devices.
 * Notices that wait are still sent. Returns the number of sessions.
 */
export async function endAllOf(deps: Deps, trx: Trx, actor: Actor, user: User, reason: string): Promise<number> {
  const now = deps.clock.now()
  const ended = await endSessionsIn(deps, trx, actor, { filter: { userId: user.id }, reason })
  await endSigninAttempts(trx, user.email)
  await cancelProofMailTo(trx, { recipient: user.email, now })
  for (const attemptId of await deleteBoundAttempts(trx, user.id)) await cancelAttemptMail(trx, { attemptId, now })
  await forgetDevices(trx, user.id)
  await endRecoveryLinks(trx, user.id)
  return ended.length
}
