import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isWithin, MINUTE } from '../../platform/clock.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { lockSession, type OwnedSession } from '../../store/sessions.ts'
import { lockUser, type User } from '../../store/users.ts'
import { enrolledFactors, hasFactor, proofsIn, type StepUpMethod, waysToStepUp } from '../policy/factor.ts'
import { atMost } from './proofs.ts'
import { judgeSession, type LiveSession } from './session.ts'

/** How long a proof counts as fresh. */
const FRESH_MS = 5 * MINUTE

/** Says whether a session is fresh enough for a change, and by which methods it can be proven again. */
export async function howToStepUp(
  deps: Pick<Deps, 'clock'>,
  sql: Sql,
  session: OwnedSession,
): Promise<{ isFresh: boolean; methods: StepUpMethod[] }> {
  const needed = hasFactor(await enrolledFactors(sql, session.userId)) ? 2 : 1
  const isFresh = session.aal >= needed && isWithin(deps.clock.now(), session.authTime, FRESH_MS)
  const methods: StepUpMethod[] =
    needed === 1 ? ['email'] : await waysToStepUp(sql, session.userId, proofsIn(session.amr))
  return { isFresh, methods }
}

/** A session and its user, locked for a change. */
export interface Held {
  user: User
  session: LiveSession
}

/**
 * Locks a session with its user, and judges it as it is now, for what the caller has shown. Returns UNAUTHORIZED if it has
 * ended, or if its secret and salt were replaced since the request was identified.
 */
export async function holdSession(deps: Deps, trx: Trx, shown: OwnedSession): Promise<Held | AuthdError> {
  const user = await lockUser(trx, shown.userId)
  const found = user && (await lockSession(trx, shown.id))
  const isReplaced = found?.refreshSalt !== shown.refreshSalt
  const session = found && !isReplaced ? await judgeSession(deps, trx, atMost(found, shown)) : undefined
  return user && session ? { user, session } : new AuthdError('UNAUTHORIZED')
}

/** Like holdSession, for a change that needs a fresh proof. Without one, returns STEP_UP_REQUIRED with the methods. */
export async function holdFresh(deps: Deps, trx: Trx, shown: OwnedSession): Promise<Held | AuthdError> {
  const held = await holdSession(deps, trx, shown)
  if (held instanceof AuthdError) return held
  const { isFresh, methods } = await howToStepUp(deps, trx, held.session)
  return isFresh ? held : stepUpError(methods)
}

export function stepUpError(methods: StepUpMethod[]): AuthdError {
  return new AuthdError('STEP_UP_REQUIRED', { details: { methods } })
}
