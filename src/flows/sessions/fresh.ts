import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isWithin, MINUTE } from '../../platform/clock.ts'
import type { Sql, Trx } from '../../store/db.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { lockUser, type User } from '../../store/users.ts'
import { acceptedFactors, enrolledFactors, type Factor, hasFactor } from '../policy/factor.ts'
import { isLive } from './session.ts'

/** How long a proof counts as fresh. */
const FRESH_MS = 5 * MINUTE

export type StepUpMethod = Factor | 'email'

/** Says whether a session is fresh enough for a change, and by which methods it can be proven again. */
export async function howToStepUp(
  deps: Pick<Deps, 'clock'>,
  sql: Sql,
  session: OwnedSession,
): Promise<{ isFresh: boolean; methods: StepUpMethod[] }> {
  const needed = hasFactor(await enrolledFactors(sql, session.userId)) ? 2 : 1
  const isFresh = session.aal >= needed && isWithin(deps.clock.now(), session.authTime, FRESH_MS)
  // E-mail counts only without another factor: recovery must not be weaker than what is enrolled.
  const methods: StepUpMethod[] = needed === 1 ? ['email'] : await acceptedFactors(sql, session.userId)
  return { isFresh, methods }
}

/**
 * Locks the session's user for a change that needs a fresh proof. Returns UNAUTHORIZED, or STEP_UP_REQUIRED with the
 * methods, if it is refused.
 */
export async function holdFresh(deps: Deps, trx: Trx, session: OwnedSession): Promise<User | AuthdError> {
  const user = await lockUser(trx, session.userId)
  if (!user || !isLive(session, deps.clock.now()) || user.disabledAt !== null) {
    return new AuthdError('UNAUTHORIZED')
  }
  const { isFresh, methods } = await howToStepUp(deps, trx, session)
  return isFresh ? user : stepUpError(methods)
}

export function stepUpError(methods: StepUpMethod[]): AuthdError {
  return new AuthdError('STEP_UP_REQUIRED', { details: { methods } })
}
