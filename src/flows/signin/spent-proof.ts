import type { Deps } from '../../deps.ts'
import type { Trx } from '../../store/db.ts'
import type { SigninAttempt } from '../../store/signin-attempts.ts'
import { findUserByEmail } from '../../store/users.ts'
import { namedByMail } from '../outbox/mail-owner.ts'
import type { Actor } from '../record-event.ts'
import { recordMisuse } from '../record-misuse.ts'

/**
 * Records that the right link or code of a mail came again after it was used, at most once an hour per attempt. Returns
 * whether it was recorded.
 */
export async function recordSpentProof(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { attempt, method }: { attempt: SigninAttempt; method: 'magic_link' | 'email_code' },
): Promise<boolean> {
  const { email } = attempt
  if (email === null || attempt.usedAt === null) return false
  const named = await namedByMail(trx, { email, attempt, user: await findUserByEmail(trx, email) })
  const metadata = { ...named.metadata, method, reason: 'used' }
  return await recordMisuse(deps, trx, actor, { credential: attempt.id, user: named.user, metadata })
}
