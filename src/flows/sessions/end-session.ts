import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Trx } from '../../store/db.ts'
import { forgetDevices } from '../../store/devices.ts'
import {
  listSessions,
  type OwnedSession,
  revokeSessions,
  type Session,
  type SessionFilter,
} from '../../store/sessions.ts'
import { type Actor, recordEvent } from '../record-event.ts'

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
