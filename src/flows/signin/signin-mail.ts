import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isFromFuture, MINUTE, SECOND } from '../../platform/clock.ts'
import { mintLongCode, mintShortCode, normalizeCode } from '../../platform/codes.ts'
import { maskEmail } from '../../platform/email-address.ts'
import { digest, mintSecret } from '../../platform/secret.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import type { Trx } from '../../store/db.ts'
import { isBudgetUsed } from '../../store/failed-attempts.ts'
import {
  type AttemptPurpose,
  findSigninAttempt,
  renewSigninMail,
  type SigninAttempt,
} from '../../store/signin-attempts.ts'
import { findUserByEmail, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { isOverTotal, withinMailLimit } from '../limits/mail-limit.ts'
import { namedByMail } from '../outbox/mail-owner.ts'
import { enqueueMail } from '../outbox/mail-sending.ts'
import { codeBudget } from '../policy/code-budget.ts'
import { maySignIn } from '../policy/signup.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { macCode } from './check-code.ts'
import { findHeld, type Holding, mayBeMailed } from './held-attempt.ts'

/** The most time that an attempt lasts, whatever the number of its mails. */
const ATTEMPT_MAX_MS = 30 * MINUTE

/**
 * Sends another mail for an attempt, which ends its older link and code. Throws ATTEMPT_EXPIRED, also after a proof,
 * VALIDATION_ERROR without an address, RATE_LIMITED.
 */
export async function sendAnotherMail(
  deps: Deps,
  actor: Actor,
  { holding, device }: { holding: Holding; device?: string | undefined },
): Promise<{ attempt: SigninAttempt; resendAfter: number }> {
  const now = deps.clock.now()
  const sent = await decide<SigninAttempt>(deps, async (trx) => {
    const attempt = (await findHeld(trx, holding))?.attempt
    if (!attempt || !mayBeMailed(attempt, now)) return new AuthdError('ATTEMPT_EXPIRED')
    if (attempt.email === null) {
      const message = 'This sign-in has no e-mail address yet. Begin a sign-in with `email`.'
      return new AuthdError('VALIDATION_ERROR', { message })
    }
    const mailed = await withinMailLimit(deps, trx, actor, {
      email: attempt.email,
      device,
      queue: async () => {
        const result = await queueSigninMail(deps, trx, actor, { attempt, device })
        return { result, isMailed: result !== undefined }
      },
    })
    if (mailed) return mailed
    const current = (await findSigninAttempt(trx, attempt.id)) ?? attempt
    const waitUntil = resendAfter(deps, current) ?? now
    return waitUntil > now ? tooSoon(waitUntil - now) : new AuthdError('ATTEMPT_EXPIRED')
  })
  return { attempt: sent, resendAfter: resendAfter(deps, sent) ?? now }
}

export function tooSoon(waitMs: number): AuthdError {
  const retryAfter = Math.ceil(waitMs / SECOND)
  const message = `A mail is on its way. Another can be requested in ${retryAfter} seconds.`
  return new AuthdError('RATE_LIMITED', { message, retryAfter })
}

/** When another mail can be requested, in epoch milliseconds. Undefined if none was requested yet. */
export function resendAfter(deps: Pick<Deps, 'config' | 'clock'>, { mailedAt }: SigninAttempt): number | undefined {
  return mailedAt === null || isFromFuture(deps.clock.now(), mailedAt)
    ? undefined
    : mailedAt + deps.config.current().signin.resendAfter
}

/**
 * Queues the mail of an attempt or, if none may be sent, a decoy that costs the same work. Returns the changed attempt.
 * Returns undefined if the last mail is too recent, or if the attempt has ended or holds a proof.
 */
export async function queueSigninMail(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { attempt, device }: { attempt: SigninAttempt; device?: string | undefined },
): Promise<SigninAttempt | undefined> {
  const config = deps.config.current()
  const now = deps.clock.now()
  const email = attempt.email
  if (email === null) return undefined
  const [user, budget] = await Promise.all([findUserByEmail(trx, email), codeBudget(trx, { email, device, now })])
  const codeKind = (await isBudgetUsed(trx, budget, now)) ? 'long' : 'short'
  const code = codeKind === 'long' ? mintLongCode(deps.random) : mintShortCode(deps.random)
  const linkSecret = mintSecret(deps.random)
  // A link of an attempt that delivers tokens needs a page of the app. Without one, authd would have to print the
  // tokens.
  const hasLink = attempt.purpose === 'signin' && (attempt.deliver === 'cookie' || attempt.linkTo !== null)
  const linkDigest = hasLink ? digest(linkSecret) : null
  const expiresAt = Math.min(now + config.signin.ttl, attempt.createdAt + Math.max(ATTEMPT_MAX_MS, config.signin.ttl))
  const codeMac = macCode(deps, attempt.id, normalizeCode(code))
  const notSince = now - config.signin.resendAfter
  const renewal = { id: attempt.id, now, notSince, expiresAt, linkDigest, codeMac, codeKind } as const
  if (!(await renewSigninMail(trx, renewal))) return undefined
  // Counted last, because all mails wait for this row. A user gets the mail even above the limit.
  const isHeldBack = await isOverTotal(deps, trx, { isForUser: user !== undefined || attempt.purpose !== 'signin' })
  await enqueueMail(deps, trx, {
    to: email,
    template: attempt.purpose,
    lang: attempt.lang,
    values: {
      code,
      ...(hasLink && {
        link: linkUrl(attempt.linkTo ?? `${config.publicUrl}/signin/link`, `${attempt.id}.${linkSecret}`),
      }),
      expires_minutes: String(Math.round((expiresAt - now) / MINUTE)),
      email_masked: maskEmail(email),
      requested_by: describeUserAgent(actor.userAgent) ?? '',
      requested_ip: actor.ip ?? '',
    },
    expiresAt,
    attemptId: attempt.id,
    isDecoy: isHeldBack || !mayReceive(deps, attempt.purpose, email, user),
  })
  const named = await namedByMail(trx, { email, attempt, user })
  const purpose = attempt.purpose === 'signin' ? {} : { purpose: attempt.purpose }
  await recordEvent(deps, trx, actor, {
    type: 'magic_link.requested',
    user: named.user,
    metadata: { ...purpose, ...named.metadata },
  })
  return { ...attempt, mailedAt: now, expiresAt, linkDigest, codeMac, codeKind }
}

/** If not, a decoy is queued, so that the answer does not reveal it. */
function mayReceive(deps: Deps, purpose: AttemptPurpose, email: string, user: User | undefined): boolean {
  if (purpose === 'signin') return maySignIn(deps, email, user)
  return purpose === 'email_change' ? user === undefined : true
}

function linkUrl(page: string, token: string): string {
  const url = new URL(page)
  url.searchParams.set('token', token)
  return url.href
}

/**
 * The attempt that a browser holds and that waits for its mail's code, with the time until another mail can be
 * requested.
 */
export async function findWaitingAttempt(
  deps: Deps,
  holding: Holding,
): Promise<{ attempt: SigninAttempt & { email: string }; resendAfterMs: number } | undefined> {
  const now = deps.clock.now()
  const attempt = (await deps.db.read((sql) => findHeld(sql, holding)))?.attempt
  const email = attempt?.email
  if (!attempt || !email || !mayBeMailed(attempt, now)) return undefined
  return { attempt: { ...attempt, email }, resendAfterMs: Math.max(0, (resendAfter(deps, attempt) ?? now) - now) }
}
