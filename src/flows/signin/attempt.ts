import type { Deps } from '../../deps.ts'
import { digest, equalSecrets, parseToken } from '../../platform/secret.ts'
import type { Sql } from '../../store/db.ts'
import { findSigninAttempt, type SigninAttempt } from '../../store/signin-attempts.ts'
import { acceptedFactors, type Factor } from '../policy/factor.ts'

/** An attempt whose token the caller holds, and that token's text. */
export interface HeldAttempt {
  attempt: SigninAttempt
  token: string
}

/** What a request shows of the attempts it holds. */
export interface Holding {
  /** From the body; it wins. */
  token?: string | undefined
  /** The id that a form carries, or a link names: picks one of the cookie's. */
  attemptId?: string | undefined
  /** From the browser's cookie, newest first; empty where the request may come from another site. */
  cookies: string[]
}

/**
 * The attempt that the request holds; undefined for a wrong secret as for an unknown id. One that delivers a cookie is
 * held by the browser's cookie alone (login CSRF: a body can be written by anybody).
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

/** May still take a proof: not over, not completed. */
export function isOpen(attempt: SigninAttempt, now: number): boolean {
  return attempt.completedAt === null && attempt.expiresAt > now
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
