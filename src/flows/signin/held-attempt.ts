import type { Deps } from '../../deps.ts'
import { isInForce } from '../../platform/clock.ts'
import { digest, equalSecrets, parseToken } from '../../platform/secret.ts'
import type { Sql } from '../../store/db.ts'
import { findSigninAttempt, type SigninAttempt } from '../../store/signin-attempts.ts'
import { acceptedFactors, type Factor } from '../policy/factor.ts'

/** An attempt whose token the caller holds, with that token. */
export interface HeldAttempt {
  attempt: SigninAttempt
  token: string
}

/** The attempt tokens of a request. */
export interface Holding {
  /** From the body. It has precedence. */
  token?: string | undefined
  /** The id in a form or a link. It selects one of the cookie's tokens. */
  attemptId?: string | undefined
  /** From the browser's cookie, newest first. Empty if the request may come from another site. */
  cookies: string[]
}

/**
 * The attempt that the request holds. Undefined for a wrong secret as for an unknown id. One with the transport
 * `cookie` must be held by the browser's cookie, because another site can write a body (login CSRF).
 */
export async function findHeld(sql: Sql, { token, attemptId, cookies }: Holding): Promise<HeldAttempt | undefined> {
  const picked = attemptId === undefined ? cookies[0] : cookies.find((text) => text.startsWith(`${attemptId}.`))
  const held = await findByToken(sql, token ?? picked)
  if (held?.attempt.deliver === 'cookie' && !cookies.includes(held.token)) return undefined
  return held
}

export async function findByToken(sql: Sql, text: string | undefined): Promise<HeldAttempt | undefined> {
  const token = parseToken('att', text)
  if (!token || text === undefined) return undefined
  const attempt = await findSigninAttempt(sql, token.id)
  return attempt && equalSecrets(digest(token.secret), attempt.secretDigest) ? { attempt, token: text } : undefined
}

/** Says whether an attempt can still take a proof: it has not ended, and began after everybody was last signed out. */
export function isOpen(attempt: SigninAttempt, now: number): boolean {
  const { completedAt, isOvertaken, createdAt, expiresAt } = attempt
  return completedAt === null && !isOvertaken && isInForce(now, createdAt, expiresAt)
}

/**
 * It waits for its first proof, so a mail may be sent for it. After a proof, another mail would be a second way to give
 * the first factor.
 */
export function mayBeMailed(attempt: SigninAttempt, now: number): boolean {
  return isOpen(attempt, now) && attempt.usedAt === null && attempt.proofs.length === 0
}

/** The attempt that a browser holds and that waits for a second proof, with the factors it may prove. */
export async function findDueFactors(
  deps: Deps,
  holding: Holding,
): Promise<{ attempt: SigninAttempt; factors: Factor[] } | undefined> {
  return await deps.db.read(async (sql) => {
    const attempt = (await findHeld(sql, holding))?.attempt
    if (!attempt || attempt.userId === null || !isOpen(attempt, deps.clock.now())) return undefined
    return { attempt, factors: await acceptedFactors(sql, attempt.userId, attempt.proofs) }
  })
}
