import type { Deps } from '../../deps.ts'
import { isAhead, isFromFuture, MINUTE } from '../../platform/clock.ts'
import type { Sql } from '../../store/db.ts'
import { findSession, type OwnedSession, touchSession } from '../../store/sessions.ts'
import { enrolledFactors, hasFactor, policyFor, proofsIn, type StepUpMethod, waysToStepUp } from '../policy/factor.ts'

/** How old `last_seen_at` may be. A session in constant use costs one write a minute. */
const TOUCH_EVERY_MS = MINUTE

/** A live session, and what its user must do before it counts. */
export interface LiveSession extends OwnedSession {
  /** `enrolment`: a second factor must be set up. `factor`: the policy asks for one that the user has. */
  due: 'nothing' | 'enrolment' | 'factor'
  /** The ways to prove it, if a factor is due. */
  dueMethods: StepUpMethod[]
}

/**
 * The one judgement of a session: undefined if it was revoked, has expired, idled out, began before everybody was signed
 * out, or its user is disabled. One whose only proof came from a factor that was removed must be proven again. A
 * session of one factor falls short once the policy requires two.
 */
export async function judgeSession(
  deps: Pick<Deps, 'clock' | 'config'>,
  sql: Sql,
  session: OwnedSession,
): Promise<LiveSession | undefined> {
  const now = deps.clock.now()
  const isOver =
    session.revokedAt !== null ||
    session.user.disabledAt !== null ||
    session.isOvertaken ||
    session.idleExpiresAt <= now ||
    session.expiresAt <= now
  if (isOver) return undefined
  // The factor that proved it is gone. A mail proves it again, unless that would pass by a factor that is enrolled now.
  if (proofsIn(session.amr).length === 0) {
    if (hasFactor(await enrolledFactors(sql, session.userId))) return undefined
    return { ...session, due: 'factor', dueMethods: ['email'] }
  }
  // One that will hand over tokens has none yet, whatever the policy is by now.
  if (session.isEnrolmentDue && session.delivery === 'tokens') return { ...session, due: 'enrolment', dueMethods: [] }
  if (session.aal >= 2 || policyFor(deps, session.user) === 'optional') {
    return { ...session, due: 'nothing', dueMethods: [] }
  }
  if (!hasFactor(await enrolledFactors(sql, session.userId))) return { ...session, due: 'enrolment', dueMethods: [] }
  return { ...session, due: 'factor', dueMethods: await waysToStepUp(sql, session.userId, proofsIn(session.amr)) }
}

/** A session as far as the caller's credential goes: see atMost. Undefined if the caller does not hold it. */
export type Claim = (found: OwnedSession) => OwnedSession | undefined

/**
 * The live session with this id, as the caller may claim it, marked as used. Returns `over` for one that has ended, and
 * undefined for anything else.
 */
export async function useSession(deps: Deps, id: string, claim: Claim): Promise<LiveSession | 'over' | undefined> {
  const now = deps.clock.now()
  const session = await lookAtSession(deps, id, claim)
  if (typeof session !== 'object' || isAhead(now, session.lastSeenAt + TOUCH_EVERY_MS, TOUCH_EVERY_MS)) return session
  return await touch(deps, session)
}

/**
 * As useSession, for a caller who may only look: the session is not marked as used, so its idle time runs on. One that a
 * wrong clock has dated is, once, because nobody knows when it was used.
 */
export async function lookAtSession(deps: Deps, id: string, claim: Claim): Promise<LiveSession | 'over' | undefined> {
  const session = await findLive(deps, id, claim)
  const isDatedWrong = typeof session === 'object' && isFromFuture(deps.clock.now(), session.createdAt)
  return isDatedWrong ? await touch(deps, session) : session
}

async function touch(deps: Deps, session: LiveSession): Promise<LiveSession> {
  const now = deps.clock.now()
  const idleExpiresAt = Math.min(now + deps.config.current().session.idleTtl, session.expiresAt)
  await deps.db.write((trx) => touchSession(trx, { id: session.id, now, idleExpiresAt }))
  return { ...session, lastSeenAt: now, idleExpiresAt }
}

async function findLive(deps: Deps, id: string, claim: Claim): Promise<LiveSession | 'over' | undefined> {
  return await deps.db.read(async (sql) => {
    const found = await findSession(sql, id)
    const session = found && claim(found)
    return session && ((await judgeSession(deps, sql, session)) ?? 'over')
  })
}
