import type { Deps } from '../../deps.ts'
import { toSeconds } from '../../platform/clock.ts'
import { findSession, type OwnedSession, type Session } from '../../store/sessions.ts'
import { type AccessClaims, verifyAccessToken } from './access-token.ts'
import { judgeSession } from './judge-session.ts'
import { atMost } from './proofs.ts'
import { keyring } from './signing-key.ts'
import { findByRefreshToken, markArrived, markUsed } from './token.ts'

export type Introspection =
  | { kind: 'access_token'; claims: AccessClaims; session: OwnedSession }
  | { kind: 'refresh_token'; session: OwnedSession }

/**
 * What a token is valid for now, according to the database (RFC 7662): what it says itself, less what its session has lost
 * since. Undefined if for nothing.
 */
export async function introspectToken(deps: Deps, token: string): Promise<Introspection | undefined> {
  const { refreshRoot } = await keyring(deps)
  const verified = await verifyAccessToken(deps, token)
  if (verified?.isOver) await markArrived(deps, verified.claims)
  const claims = verified?.isOver ? undefined : verified?.claims
  const valid = await deps.db.read(async (sql): Promise<Introspection | undefined> => {
    const known = await findByRefreshToken(sql, refreshRoot, token)
    const found = known?.session ?? (claims && (await findSession(sql, claims.sid)))
    const shown = claims && { amr: claims.amr, authTime: claims.auth_time_ms }
    const session = found && (await judgeSession(deps, sql, shown ? atMost(found, shown) : found))
    if (session?.due !== 'nothing') return undefined
    if (known) return known.generation === session.generation ? { kind: 'refresh_token', session } : undefined
    const { amr, aal, authTime } = session
    const proven = { amr, aal, auth_time: toSeconds(authTime), auth_time_ms: authTime }
    return claims && { kind: 'access_token', claims: { ...claims, ...proven }, session }
  })
  if (valid?.kind === 'access_token') await markUsed(deps, valid.session, valid.claims)
  return valid
}

/** When a refresh token of this session expires, in seconds since 1970 as in RFC 7662. */
export function refreshExpiry(session: Session): number {
  return toSeconds(Math.min(session.idleExpiresAt, session.expiresAt))
}
