import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isWithin, MINUTE } from '../../platform/clock.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { lockSession, type OwnedSession } from '../../store/sessions.ts'
import { lockUser, type User } from '../../store/users.ts'
import { enrolledFactors, hasFactor, levelOf, proofsIn, type StepUpMethod, waysToStepUp } from '../policy/factor.ts'
import { judgeSession, type LiveSession } from './judge-session.ts'
import { atMost } from './proofs.ts'

/** How long a proof counts as fresh. */
const FRESH_MS = 5 * MINUTE

/** Says whether a session is fresh enough for a change, and by which methods it can be proven again. */
export async function howToStepUp(
  deps: Pick<Deps, 'clock'>,
  sql: Sql,
  session: OwnedSession,
): Promise<{ isFresh: boolean; methods: StepUpMethod[] }> {
  const needed = hasFactor(await enrolledFactors(sql, session.userId)) ? 2 : 1
  const proofs = proofsIn(session.amr)
  const isFresh = levelOf(proofs) >= needed && isWithin(deps.clock.now(), session.authTime, FRESH_MS)
  const methods: StepUpMethod[] = needed === 1 ? ['email'] : await waysToStepUp(sql, session.userId, proofs)
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

/**
 * What an act is for. `use`: anything that a whole session may do. `enrol`: to set up a factor. `prove`: to step up, or to
 * sign out.
 */
export type Purpose = 'use' | 'enrol' | 'prove'

/** What a session may be short of for each, besides nothing. */
const MAY_BE_DUE: Readonly<Record<Purpose, readonly LiveSession['due'][]>> = {
  use: [],
  enrol: ['enrolment'],
  prove: ['enrolment', 'factor'],
}

/** Says why a session may not do this yet: ENROLMENT_REQUIRED, or STEP_UP_REQUIRED with the methods. */
export function whyShort({ due, dueMethods }: LiveSession, purpose: Purpose): AuthdError | undefined {
  if (due === 'nothing' || MAY_BE_DUE[purpose].includes(due)) return undefined
  return due === 'enrolment' ? new AuthdError('ENROLMENT_REQUIRED') : stepUpError(dueMethods)
}

/**
 * Like holdSession, for a change that needs a whole session and a fresh proof. Returns ENROLMENT_REQUIRED, or
 * STEP_UP_REQUIRED with the methods, whatever the page or route has checked.
 */
export async function holdFresh(deps: Deps, trx: Trx, shown: OwnedSession): Promise<Held | AuthdError> {
  return await holdFor(deps, trx, shown, 'use')
}

/** Like holdFresh, also for a session that must set up a factor first. */
export async function holdToEnrol(deps: Deps, trx: Trx, shown: OwnedSession): Promise<Held | AuthdError> {
  return await holdFor(deps, trx, shown, 'enrol')
}

async function holdFor(deps: Deps, trx: Trx, shown: OwnedSession, purpose: Purpose): Promise<Held | AuthdError> {
  const held = await holdSession(deps, trx, shown)
  if (held instanceof AuthdError) return held
  const short = whyShort(held.session, purpose)
  if (short) return short
  const { isFresh, methods } = await howToStepUp(deps, trx, held.session)
  return isFresh ? held : stepUpError(methods)
}

export function stepUpError(methods: StepUpMethod[]): AuthdError {
  return new AuthdError('STEP_UP_REQUIRED', { details: { methods } })
}
