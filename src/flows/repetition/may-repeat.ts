import type { Deps } from '../../deps.ts'
import { isInForce } from '../../platform/clock.ts'
import { type AnswerHolder, answersEpoch, type StoredAnswer } from '../../store/answers.ts'
import type { Sql } from '../../store/db.ts'
import { findSession } from '../../store/sessions.ts'
import { judgeSession } from '../sessions/judge-session.ts'
import { findByToken, isHeldBy } from '../signin/held-attempt.ts'

/** Who makes a request, as far as its answer may be given again. */
export interface Caller {
  /** The session or API key that identified it, which is valid now. */
  proven?: {
    id: string
    /** When this credential last proved who its user is; 0 for an API key. */
    authTime: number
    /** The digest of the cookie, if it is one. */
    cookieDigest: string | null
    /** It was issued since the last step-up or change of factors. */
    isNewest: boolean
  }
  /** The digests of the session cookies that it shows, valid or not. */
  cookieDigests: string[]
  /** The attempt tokens that it shows, genuine or not. */
  attempts: string[]
  /** The attempt tokens of its cookie. */
  attemptCookies: string[]
  /** The digest of the cookie of a page that began a sign-in without an attempt. */
  visit: string | undefined
  /** The client's IP address. */
  address: string
}

/** Anybody who knows the one-time id of the form. */
const ANYBODY = '*'

/**
 * What a request has proven before its work is done: the attempt that it means, else the session or API key that identifies
 * it, else its address. A form has a one-time id of a page, which says more than the address. Undefined for the proof of an
 * attempt that the caller does not hold: nobody may have that answer again.
 */
export async function holderOf(
  sql: Sql,
  { kind, once, caller }: { kind: 'form' | 'key' | 'proof'; once: string; caller: Caller },
): Promise<Pick<AnswerHolder, 'caller' | 'authTime' | 'cookieDigest' | 'epoch'> | undefined> {
  const nobody = { authTime: 0, cookieDigest: null }
  const attempts = await heldAttempts(sql, caller)
  if (kind === 'proof') return attempts.includes(once) ? { ...nobody, caller: once } : undefined
  const [attempt] = attempts
  if (attempt !== undefined) return { ...nobody, caller: attempt }
  if (!caller.proven) return { ...nobody, caller: kind === 'form' ? pageOf(caller) : `address ${caller.address}` }
  const { id, authTime, cookieDigest } = caller.proven
  return { caller: id, authTime, cookieDigest, ...(id.startsWith('key_') && { epoch: await answersEpoch(sql) }) }
}

/**
 * Whether a request may have this answer, or may wait for it: it proves what the first one proved, and the session that
 * the answer belongs to is alive. A credential that the answer has replaced or spent counts for seconds only, and a copy of
 * an older access token never gets what a newer one made.
 */
export async function mayRepeat(
  deps: Pick<Deps, 'clock' | 'config'>,
  sql: Sql,
  { holder, sessionId, sealed, createdAt }: StoredAnswer,
  { caller, kind }: { caller: Caller; kind: 'form' | 'key' | 'proof' },
): Promise<boolean> {
  if (!holder) return false
  const isSoon = isInForce(deps.clock.now(), createdAt, holder.soonUntil)
  const { proven, cookieDigests, attempts } = caller
  const isEmptyHanded = proven === undefined && cookieDigests.length === 0 && attempts.length === 0
  const isHolder =
    (proven !== undefined &&
      (proven.id === holder.caller || proven.id === sessionId) &&
      (proven.isNewest || (isSoon && proven.authTime >= holder.authTime))) ||
    (isSoon && holder.cookieDigest !== null && cookieDigests.includes(holder.cookieDigest)) ||
    [ANYBODY, pageOf(caller)].includes(holder.caller) ||
    (proven === undefined && holder.caller === `address ${caller.address}`) ||
    (isSoon && holder.isEnding && kind === 'form' && isEmptyHanded) ||
    ((isSoon || sessionId === null) && (await heldAttempts(sql, caller)).includes(holder.caller))
  // The work may just have ended the session. Until its answer is kept, nothing can be given away.
  const mayWait = sealed === null || holder.isEnding || sessionId === null
  return isHolder && (mayWait || (await isAlive(deps, sql, sessionId)))
}

function pageOf({ visit }: Caller): string {
  return visit === undefined ? ANYBODY : `visit ${visit}`
}

async function heldAttempts(sql: Sql, { attempts, attemptCookies }: Caller): Promise<string[]> {
  const ids: string[] = []
  for (const token of attempts) {
    const held = await findByToken(sql, token)
    if (held && isHeldBy(held, attemptCookies)) ids.push(held.attempt.id)
  }
  return ids
}

async function isAlive(deps: Pick<Deps, 'clock' | 'config'>, sql: Sql, sessionId: string): Promise<boolean> {
  const session = await findSession(sql, sessionId)
  return session !== undefined && (await judgeSession(deps, sql, session)) !== undefined
}
