import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isAhead, isFromFuture, MINUTE } from '../../platform/clock.ts'
import { digest, mintSecret } from '../../platform/secret.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { forgetDevices } from '../../store/devices.ts'
import {
  findSession,
  insertSession,
  listSessions,
  listSurplus,
  type OwnedSession,
  revokeSessions,
  type Session,
  type SessionFilter,
  touchSession,
} from '../../store/sessions.ts'
import type { SessionTransport } from '../../store/signin-attempts.ts'
import type { User } from '../../store/users.ts'
import { enrolledFactors, hasFactor, policyFor, proofsIn, type StepUpMethod, waysToStepUp } from '../policy/factor.ts'
import { type Actor, recordEvent } from '../record-event.ts'

/** How old `last_seen_at` may be. A session in constant use costs one write a minute. */
const TOUCH_EVERY_MS = MINUTE

/** The most unrevoked sessions of a user, also without `max_per_user`, so that one unit can end them all. */
const MOST_SESSIONS = 1000
/** The most sessions that a new one ends, after `max_per_user` was lowered. The next one ends more. */
const SURPLUS_MAX = 1000

/** The credentials of a session, except for tokens. */
export interface Bearers {
  /** `ses_<id>.<secret>`, for a session in a cookie. */
  cookie: string | undefined
  /** `chk_<id>.<secret>`, for the other hosts of `session.cookie_domain`. It only tells who is signed in. */
  check: string | undefined
  /** Like the cookie, but a bearer that can only enrol a factor. For a session that will hand over tokens. */
  enrolmentToken: string | undefined
}

export interface StartedSession extends Bearers {
  session: Session
}

export function bearersOf(deps: Pick<Deps, 'keys'>, session: Session, secret: string | undefined): Bearers {
  const text = secret === undefined ? undefined : `${session.id}.${secret}`
  if (session.delivery === 'tokens') return { cookie: undefined, check: undefined, enrolmentToken: text }
  const check = `chk_${session.id.slice('ses_'.length)}.${deps.keys.mac(CHECK_COOKIE, checkedText(session))}`
  return { cookie: text, check, enrolmentToken: undefined }
}

/** The purpose of the MAC that is the secret of the check cookie. */
const CHECK_COOKIE = 'check-cookie'

/** It is derived from the session's salt, so it changes with the session's secret and needs no column. */
function checkedText({ id, refreshSalt }: Session): string {
  return `${id} ${refreshSalt}`
}

/** Whether this is the secret of the session's check cookie. */
export function isCheckSecret({ keys }: Pick<Deps, 'keys'>, session: Session, secret: string): boolean {
  return keys.isMac(CHECK_COOKIE, checkedText(session), secret)
}

/** Starts a session inside the unit that proved the user. Only completeSignIn calls it. */
export async function startSession(
  deps: Pick<Deps, 'clock' | 'random' | 'config' | 'keys' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  input: {
    user: Pick<User, 'id' | 'email'>
    delivery: SessionTransport
    amr: string[]
    aal: number
    isEnrolmentDue: boolean
    epoch: number
  },
): Promise<StartedSession> {
  const { session: limits } = deps.config.current()
  const now = deps.clock.now()
  const id = deps.random.id('ses')
  // A session that waits for an enrolment gets no tokens, because apps would trust them. Its holder gets this secret.
  const hasSecret = input.delivery === 'cookie' || input.isEnrolmentDue
  const secret = hasSecret ? mintSecret(deps.random) : undefined
  await endSurplus(deps, trx, actor, input.user.id)
  const session = {
    id,
    userId: input.user.id,
    delivery: input.delivery,
    secretDigest: secret === undefined ? null : digest(secret),
    amr: input.amr,
    aal: input.aal,
    isEnrolmentDue: input.isEnrolmentDue,
    authTime: now,
    createdAt: now,
    lastSeenAt: now,
    idleExpiresAt: now + Math.min(limits.idleTtl, limits.ttl),
    expiresAt: now + limits.ttl,
    ip: actor.ip,
    userAgent: actor.userAgent,
    generation: 0,
    refreshSalt: mintSecret(deps.random),
    refreshedAt: now,
    epoch: input.epoch,
  }
  await insertSession(trx, session)
  await recordEvent(deps, trx, actor, {
    type: 'session.created',
    user: input.user,
    sessionId: id,
    metadata: { amr: input.amr, aal: input.aal, delivery: input.delivery },
  })
  const started = { ...session, generationUsedAt: null, revokedAt: null, revokedBy: null, revokedReason: null }
  return { session: started, ...bearersOf(deps, started, secret) }
}

/** Makes room for one more session by revoking those unused for longest. */
async function endSurplus(
  deps: Pick<Deps, 'clock' | 'random' | 'config' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  userId: string,
): Promise<void> {
  const { maxPerUser } = deps.config.current().session
  const kept = [
    { userId, keep: MOST_SESSIONS - 1 },
    ...(maxPerUser === 0 ? [] : [{ userId, liveAt: deps.clock.now(), keep: maxPerUser - 1 }]),
  ]
  for (const most of kept) {
    const ids = await listSurplus(trx, most, SURPLUS_MAX)
    if (ids.length > 0) await endSessionsIn(deps, trx, actor, { filter: { ids }, reason: 'too_many_sessions' })
  }
}

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

/** A user's live sessions, newest first. */
export async function listOwnSessions(deps: Deps, userId: string): Promise<OwnedSession[]> {
  const liveAt = deps.clock.now()
  return await deps.db.read((sql) => listSessions(sql, { userId, liveAt }, 500))
}

/** Revokes one of a user's own sessions. Throws SESSION_NOT_FOUND, also for another user's session. */
export async function endOwnSession(
  deps: Deps,
  actor: Actor,
  input: { userId: string; sessionId: string },
): Promise<void> {
  const filter = { userId: input.userId, ids: [input.sessionId] }
  const ended = await endSessions(deps, actor, { filter, reason: 'signed_out' })
  if (ended.length === 0) throw new AuthdError('SESSION_NOT_FOUND')
}

export type SignOutScope = 'current' | 'others' | 'all'

/** Revokes the current session, the others, or all. Signing out everywhere also forgets the user's devices. */
export async function signOut(
  deps: Deps,
  actor: Actor,
  { session, scope }: { session: Pick<Session, 'id' | 'userId'>; scope: SignOutScope },
): Promise<void> {
  await deps.db.write(async (trx) => {
    const filter = scope === 'current' ? { ids: [session.id] } : { userId: session.userId }
    const exceptId = scope === 'others' ? session.id : undefined
    await endSessionsIn(deps, trx, actor, { filter: { ...filter, exceptId }, reason: 'signed_out' })
    if (scope === 'all') await forgetDevices(trx, session.userId)
  })
}

export interface EndedSession {
  id: string
  userId: string
}

/** Revokes the live sessions that match a filter, in one unit. Returns them. Revoking them again changes nothing. */
export async function endSessions(
  deps: Deps,
  actor: Actor,
  input: { filter: SessionFilter; reason: string },
): Promise<EndedSession[]> {
  return await deps.db.write((trx) => endSessionsIn(deps, trx, actor, input))
}

/** Like endSessions, in a unit that does more. */
export async function endSessionsIn(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  input: {
    filter: SessionFilter & { exceptId?: string | undefined }
    reason: string
  },
): Promise<EndedSession[]> {
  const now = deps.clock.now()
  const ended = await revokeSessions(trx, input.filter, { now, by: actor.id, reason: input.reason })
  await recordEnds(deps, trx, actor, ended, input.reason)
  return ended
}

/** Records the end of sessions, in the unit that ended them. */
export async function recordEnds(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  ended: EndedSession[],
  reason: string,
): Promise<void> {
  for (const { id, userId } of ended) {
    await recordEvent(deps, trx, actor, {
      type: 'session.revoked',
      user: { id: userId },
      sessionId: id,
      metadata: { reason },
    })
  }
}
