import type { Deps } from '../../deps.ts'
import { digest, mintSecret } from '../../platform/secret.ts'
import type { Trx } from '../../store/db.ts'
import { insertSession, listSurplus, type Session } from '../../store/sessions.ts'
import type { SessionTransport } from '../../store/signin-attempts.ts'
import type { User } from '../../store/users.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { type Bearers, bearersOf } from './bearers.ts'
import { endSessionsIn } from './end-session.ts'

/** The most unrevoked sessions of a user, also without `max_per_user`, so that one unit can end them all. */
const MOST_SESSIONS = 1000
/** The most sessions that a new one ends, after `max_per_user` was lowered. The next one ends more. */
const SURPLUS_MAX = 1000

export interface StartedSession extends Bearers {
  session: Session
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
