import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isFromFuture, isWithin, UNKNOWN_TIME } from '../../platform/clock.ts'
import { equalSecrets, type HmacKey, hmac } from '../../platform/secret.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { findSession, lockSession, type OwnedSession, type Session, touchSession } from '../../store/sessions.ts'
import { markGenerationUsed, rotateSession } from '../../store/token-generations.ts'
import { findUser } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { notify } from '../outbox/notice.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { recordMisuse } from '../record-misuse.ts'
import {
  type AccessClaims,
  readAccessToken,
  type SignedToken,
  signAccessToken,
  verifyAccessToken,
} from './access-token.ts'
import { endSessions, endSessionsIn } from './end-session.ts'
import { judgeSession, type LiveSession, useSession } from './judge-session.ts'
import { atMost } from './proofs.ts'
import { keyring } from './signing-key.ts'

export interface Tokens extends SignedToken {
  refreshToken: string
}

/** Signs the first tokens of a session, or those of a new generation. */
export async function issueTokens(deps: Deps, session: Session): Promise<Tokens> {
  const { refreshRoot } = await keyring(deps)
  const access = await signAccessToken(deps, session)
  return { ...access, refreshToken: deriveRefreshToken(refreshRoot, session) }
}

/**
 * Spends a refresh token for the next one. The same token gets the same successor again until that one is used, because
 * an answer may be lost, and for `session.refresh_grace` after that, because two tabs may ask. A genuine token older
 * than that was stolen, and its session is revoked (RFC 9700 §4.14). Throws INVALID_TOKEN, EXPIRED_TOKEN.
 */
export async function refreshTokens(deps: Deps, actor: Actor, refreshToken: string): Promise<Tokens> {
  const { refreshRoot } = await keyring(deps)
  const now = deps.clock.now()
  const { idleTtl, refreshGrace } = deps.config.current().session
  const next = await decide(deps, async (trx) => {
    const find = () => findByRefreshToken(trx, refreshRoot, refreshToken, lockSession)
    let known = await find()
    if (known && isDatedWrong(known.session, now)) {
      const idleExpiresAt = Math.min(known.session.idleExpiresAt, now + idleTtl)
      await touchSession(trx, { id: known.session.id, now, idleExpiresAt })
      known = await find()
    }
    if (!known) return new AuthdError('INVALID_TOKEN')
    const { session: current, generation } = known
    const live = await judgeSession(deps, trx, current)
    if (!live) {
      await recordRevoked(deps, trx, actor, current)
      return new AuthdError('EXPIRED_TOKEN')
    }
    if (generation > current.generation) return new AuthdError('INVALID_TOKEN')
    const isInGrace = (since: number) => refreshGrace > 0 && isWithin(now, since, refreshGrace)
    const { generationUsedAt, refreshedAt } = current
    const age = current.generation - generation
    const isGood = age === 0 || (age === 1 && (generationUsedAt === null || isInGrace(generationUsedAt)))
    if (isGood && live.due !== 'nothing') return new AuthdError('EXPIRED_TOKEN', { message: SECOND_FACTOR })
    if (isGood && age === 1) return current
    if (isGood) {
      const { id, refreshSalt } = current
      const rotated = await rotateSession(trx, { id, generation, refreshSalt, now, idleExpiresAt: now + idleTtl })
      return rotated ? { ...current, ...rotated } : new AuthdError('INVALID_TOKEN')
    }
    const since = age === 1 ? generationUsedAt : age === 2 ? refreshedAt : undefined
    // After a step of the clock nobody knows whether it was two tabs or a thief: nothing is handed over, and nothing ends.
    if (refreshGrace > 0 && since === UNKNOWN_TIME) return new AuthdError('INVALID_TOKEN')
    if (age === 2 && isInGrace(refreshedAt)) return new AuthdError('INVALID_TOKEN')
    const { userId, id: sessionId } = current
    const metadata = { generation, current_generation: current.generation }
    const reuse = { outcome: 'failure', user: { id: userId }, sessionId, metadata } as const
    await recordEvent(deps, trx, actor, { type: 'session.reuse_detected', ...reuse })
    await endSessionsIn(deps, trx, actor, { filter: { ids: [sessionId] }, reason: 'refresh_token_reused' })
    const user = await findUser(trx, userId)
    if (user) await notify(deps, trx, actor, { user, template: 'session_theft' })
    return new AuthdError('INVALID_TOKEN')
  })
  deps.metrics.count('token_refreshes_total', {})
  return await issueTokens(deps, next)
}

/** Records that a refresh token of a revoked session was used, at most once an hour. */
async function recordRevoked(deps: Deps, trx: Trx, actor: Actor, { id, userId, revokedAt }: OwnedSession) {
  if (revokedAt === null) return
  const metadata = { method: 'refresh', reason: 'revoked' }
  await recordMisuse(deps, trx, actor, { credential: id, user: { id: userId }, sessionId: id, metadata })
}

/** A clock that was ahead wrote a time of the session, and was put right. */
function isDatedWrong({ createdAt, refreshedAt, generationUsedAt }: Session, now: number): boolean {
  return isFromFuture(now, Math.max(createdAt, refreshedAt, generationUsedAt ?? 0))
}

const SECOND_FACTOR = 'A second factor is required now. Sign in again.'

/**
 * Revokes the session of a token; holding the token is enough (RFC 7009). An unknown token is not an error (§2.2). Returns
 * false for one.
 */
export async function revokeToken(deps: Deps, actor: Actor, token: string): Promise<boolean> {
  const { refreshRoot } = await keyring(deps)
  const known = await deps.db.read((sql) => findByRefreshToken(sql, refreshRoot, token))
  const sessionId = known?.session.id ?? (await readAccessToken(deps, token))?.sid
  if (sessionId === undefined) return false
  await endSessions(deps, actor, { filter: { ids: [sessionId] }, reason: 'token_revoked' })
  return true
}

/** The live session of an access token, no more than both prove. Returns `over` if the token or the session was valid once. */
export async function useAccessToken(
  deps: Deps,
  token: string,
): Promise<{ claims: AccessClaims; session: LiveSession; isNewest: boolean } | 'over' | undefined> {
  const verified = await verifyAccessToken(deps, token)
  if (!verified) return undefined
  const { claims } = verified
  if (verified.isOver) {
    await markArrived(deps, claims)
    return 'over'
  }
  let isNewest = false
  const session = await useSession(deps, claims.sid, (found) => {
    isNewest = found.authTime === claims.auth_time_ms
    return found.userId === claims.sub ? atMost(found, { amr: claims.amr, authTime: claims.auth_time_ms }) : undefined
  })
  if (typeof session !== 'object') return session
  await markUsed(deps, session, claims)
  return { claims, session, isNewest }
}

/** Like markUsed, for a token that has expired. */
export async function markArrived(deps: Deps, claims: AccessClaims): Promise<void> {
  const session = await deps.db.read((sql) => findSession(sql, claims.sid))
  if (session?.userId === claims.sub) await markUsed(deps, session, claims)
}

/**
 * An access token of the newest generation came back, also one that has expired meanwhile, so its refresh token arrived,
 * too: the one before it ends.
 */
export async function markUsed(deps: Deps, session: Session, claims: AccessClaims): Promise<void> {
  const { id, generation, generationUsedAt } = session
  if (generationUsedAt !== null || generation === 0 || claims.generation !== generation) return
  await deps.db.write((trx) => markGenerationUsed(trx, { id, generation, now: deps.clock.now() }))
}

const REFRESH_TOKEN = /^rt_([0-9a-z]{26})\.(0|[1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/

/** The session and generation of a genuine refresh token. Undefined for a forged one. */
export async function findByRefreshToken<Reads extends Sql>(
  sql: Reads,
  root: HmacKey,
  token: string,
  find: (sql: Reads, id: string) => Promise<OwnedSession | undefined> = findSession,
): Promise<{ session: OwnedSession; generation: number } | undefined> {
  const [, id, generationText, secret] = REFRESH_TOKEN.exec(token) ?? []
  if (id === undefined || secret === undefined) return undefined
  const generation = Number(generationText)
  const session = await find(sql, `ses_${id}`)
  if (session?.delivery !== 'tokens') return undefined
  return equalSecrets(secret, deriveSecret(root, session, generation)) ? { session, generation } : undefined
}

function deriveRefreshToken(root: HmacKey, session: Session): string {
  const id = session.id.slice('ses_'.length)
  return `rt_${id}.${session.generation}.${deriveSecret(root, session, session.generation)}`
}

function deriveSecret(root: HmacKey, { id, refreshSalt }: Session, generation: number): string {
  return hmac(root, `${id}.${generation}.${refreshSalt}`)
}
