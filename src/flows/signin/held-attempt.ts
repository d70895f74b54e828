import type { Deps } from '../../deps.ts'
import { isInForce } from '../../platform/clock.ts'
import { digest, equalSecrets, parseToken } from '../../platform/secret.ts'
import type { Sql } from '../../store/db.ts'
import { findSigninAttempt, type SigninAttempt } from '../../store/signin-attempts.ts'
import type { User } from '../../store/users.ts'
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

/** The attempt that the request holds. Undefined for a wrong secret as for an unknown id. */
export async function findHeld(sql: Sql, { token, attemptId, cookies }: Holding): Promise<HeldAttempt | undefined> {
  const picked = cookies.filter((text) => attemptId === undefined || text.startsWith(`${attemptId}.`))
  // The first that is genuine: another site may have set a cookie of the same name.
  for (const text of token === undefined ? picked : [token]) {
    const held = await findByToken(sql, text)
    if (held) return isHeldBy(held, cookies) ? held : undefined
  }
  return undefined
}

/**
 * Whether a caller who shows the token of an attempt, and these cookies, holds it. One with the transport `cookie` must be
 * held by the browser's cookie, because another site can write a body (login CSRF).
 */
export function isHeldBy({ attempt, token }: HeldAttempt, cookies: string[]): boolean {
  return attempt.deliver !== 'cookie' || cookies.includes(token)
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

/**
 * Where an attempt led that has signed in the user of this session. Undefined for any other attempt. The caller is that
 * user, so it reveals nothing, and the address is one of `signin.redirect_urls`.
 */
export async function findRedirectOf(
  { db }: Pick<Deps, 'db'>,
  { attemptId, user }: { attemptId: string; user: Pick<User, 'id' | 'email'> },
): Promise<{ redirectTo: string | null } | undefined> {
  const attempt = await db.read((sql) => findSigninAttempt(sql, attemptId))
  if (!attempt || attempt.completedAt === null || attempt.deliver !== 'cookie') return undefined
  const isTheirs = attempt.userId === user.id || attempt.email === user.email
  return isTheirs ? { redirectTo: attempt.redirectTo } : undefined
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
