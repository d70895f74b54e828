import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isWithin, MINUTE, toSeconds } from '../../platform/clock.ts'
import { equalSecrets, type HmacKey, hmac } from '../../platform/secret.ts'
import { findSession, type OwnedSession, rotateSession, type Session } from '../../store/sessions.ts'
import { findUser } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { type Actor, recordEvent } from '../event.ts'
import { notify } from '../outbox/notice.ts'
import { policyFor } from '../policy/factor.ts'
import { type AccessClaims, readAccessToken, signAccessToken, verifyAccessToken } from './access-token.ts'
import { endSessions, endSessionsIn, isLive, useSession } from './session.ts'
import { keyring } from './signing-key.ts'

export interface Tokens {
  accessToken: string
  /** Seconds. */
  expiresIn: number
  refreshToken: string
}

/** Tokens for a cookie are for scripts on authd's own pages. They expire before a theft pays off. */
const COOKIE_TOKEN_TTL_MS = 5 * MINUTE

/** Signs the first tokens of a session, or those of a new generation. */
export async function issueTokens(deps: Deps, session: Session): Promise<Tokens> {
  const { refreshRoot } = await keyring(deps)
  const access = await signAccessToken(deps, session, deps.config.current().tokens.accessTtl)
  return { ...access, refreshToken: deriveRefreshToken(refreshRoot, session) }
}

/** Signs a short access token for the holder of a session's cookie. There is no refresh token with it. */
export async function issueCookieToken(deps: Deps, session: Session): Promise<Omit<Tokens, 'refreshToken'>> {
  const ttl = Math.min(deps.config.current().tokens.accessTtl, COOKIE_TOKEN_TTL_MS)
  return await signAccessToken(deps, session, ttl)
}

/**
 * Spends a refresh token for the next one. Parallel requests with one token get the same successor within
 * `session.refresh_grace`. A genuine token older than that was stolen, and its session is revoked (RFC 9700 §4.14).
 * Throws INVALID_TOKEN, EXPIRED_TOKEN.
 */
export async function refreshTokens(deps: Deps, actor: Actor, refreshToken: string): Promise<Tokens> {
  const known = await findByRefreshToken(deps, refreshToken)
  if (!known || known.session.isEnrolmentDue) throw new AuthdError('INVALID_TOKEN')
  const { session, generation } = known
  if (session.aal < 2 && policyFor(deps, session.user) === 'required')
    throw new AuthdError('EXPIRED_TOKEN', { message: 'A second factor is required now. Sign in again.' })
  const now = deps.clock.now()
  const { idleTtl, refreshGrace } = deps.config.current().session
  const next = await decide(deps, async (trx) => {
    // Disabling a user ends their sessions in its own unit, so a row that rotates belongs to an enabled user.
    const rotated = await rotateSession(trx, { id: session.id, generation, now, idleExpiresAt: now + idleTtl })
    if (rotated) return { ...session, ...rotated }
    const current = await findSession(trx, session.id)
    if (!current || !isLive(current, now)) return new AuthdError('EXPIRED_TOKEN')
    const isInGrace = isWithin(now, current.refreshedAt, refreshGrace) && refreshGrace > 0
    if (isInGrace && generation === current.generation - 1) return current
    if (isInGrace || generation >= current.generation) return new AuthdError('INVALID_TOKEN')
    const { userId, id: sessionId } = session
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

/** Revokes the session of a token; holding the token is enough (RFC 7009). An unknown token is not an error (§2.2). */
export async function revokeToken(deps: Deps, actor: Actor, token: string): Promise<void> {
  const sessionId = (await findByRefreshToken(deps, token))?.session.id ?? (await readAccessToken(deps, token))?.sid
  if (sessionId === undefined) return
  await endSessions(deps, actor, { filter: { ids: [sessionId] }, reason: 'token_revoked' })
}

export type Introspection =
  | { kind: 'access_token'; claims: AccessClaims; session: OwnedSession }
  | { kind: 'refresh_token'; session: OwnedSession }

/** What a token is valid for now, according to the database (RFC 7662). Undefined if for nothing. */
export async function introspectToken(deps: Deps, token: string): Promise<Introspection | undefined> {
  const now = deps.clock.now()
  const known = await findByRefreshToken(deps, token)
  if (known) {
    const { session, generation } = known
    const isCurrent = generation === session.generation && isLive(session, now) && !session.isEnrolmentDue
    return isCurrent ? { kind: 'refresh_token', session } : undefined
  }
  const claims = await readAccessToken(deps, token)
  const session = claims && (await deps.db.read((sql) => findSession(sql, claims.sid)))
  return claims && session && isLive(session, now) && !session.isEnrolmentDue
    ? { kind: 'access_token', claims, session }
    : undefined
}

/** The live session of an access token. Returns `over` if the token or the session was valid once. */
export async function useAccessToken(
  deps: Deps,
  token: string,
): Promise<{ claims: AccessClaims; session: OwnedSession } | 'over' | undefined> {
  const claims = await verifyAccessToken(deps, token)
  if (claims === undefined || claims === 'over') return claims
  const session = await useSession(deps, claims.sid, ({ userId }) => userId === claims.sub)
  return typeof session === 'object' ? { claims, session } : session
}

/** When a refresh token of this session expires, in seconds since 1970 as in RFC 7662. */
export function refreshExpiry(session: Session): number {
  return toSeconds(Math.min(session.idleExpiresAt, session.expiresAt))
}

const REFRESH_TOKEN = /^rt_([0-9a-z]{26})\.(0|[1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/

/** The session and generation of a genuine refresh token. Undefined for a forged one. */
async function findByRefreshToken(
  deps: Deps,
  token: string,
): Promise<{ session: OwnedSession; generation: number } | undefined> {
  const [, id, generationText, secret] = REFRESH_TOKEN.exec(token) ?? []
  if (id === undefined || secret === undefined) return undefined
  const generation = Number(generationText)
  const session = await deps.db.read((sql) => findSession(sql, `ses_${id}`))
  if (session?.delivery !== 'tokens') return undefined
  const { refreshRoot } = await keyring(deps)
  return equalSecrets(secret, deriveSecret(refreshRoot, session, generation)) ? { session, generation } : undefined
}

function deriveRefreshToken(root: HmacKey, session: Session): string {
  const id = session.id.slice('ses_'.length)
  return `rt_${id}.${session.generation}.${deriveSecret(root, session, session.generation)}`
}

function deriveSecret(root: HmacKey, { id, refreshSalt }: Session, generation: number): string {
  return hmac(root, `${id}.${generation}.${refreshSalt}`)
}
