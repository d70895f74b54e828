import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { MINUTE } from '../../platform/clock.ts'
import type { Sql, Trx } from '../../store/db.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { lockUser, type User } from '../../store/users.ts'
import { acceptedFactors, enrolledFactors, type Factor, hasFactor } from '../policy/factor.ts'
import { isLive } from './session.ts'

/** A proof opens what needs one for so long. */
const FRESH_MS = 5 * MINUTE

export type StepUpMethod = Factor | 'email'

/** Whether a session may change what matters, and if not, how it can be proven. */
export async function howToStepUp(
  deps: Pick<Deps, 'clock'>,
  sql: Sql,
  session: OwnedSession,
): Promise<{ isFresh: boolean; methods: StepUpMethod[] }> {
  const needed = hasFactor(await enrolledFactors(sql, session.userId)) ? 2 : 1
  const isFresh = session.aal >= needed && deps.clock.now() - session.authTime <= FRESH_MS
  // E-mail counts only while there is no other factor: recovery is never weaker than what is enrolled.
  const methods: StepUpMethod[] = needed === 1 ? ['email'] : await acceptedFactors(sql, session.userId)
  return { isFresh, methods }
}

export type Held = { kind: 'fresh'; user: User } | { kind: 'refused'; error: AuthdError }

/** Holds the session's person for a change that needs a fresh proof, or says which proof is missing. */
export async function holdFresh(deps: Deps, trx: Trx, session: OwnedSession): Promise<Held> {
  const user = await lockUser(trx, session.userId)
  if (!user || !isLive(session, deps.clock.now()) || user.disabledAt !== null) {
    return { kind: 'refused', error: new AuthdError('UNAUTHORIZED') }
  }
  const { isFresh, methods } = await howToStepUp(deps, trx, session)
  return isFresh ? { kind: 'fresh', user } : { kind: 'refused', error: stepUpError(methods) }
}

export function stepUpError(methods: StepUpMethod[]): AuthdError {
  return new AuthdError('STEP_UP_REQUIRED', { details: { methods } })
}
