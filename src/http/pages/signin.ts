import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError, type ErrorCode } from '../../errors.ts'
import { beginSignIn } from '../../flows/signin/begin.ts'
import { redeemCode } from '../../flows/signin/redeem.ts'
import { isAllowedRedirect } from '../../flows/signin/redirect.ts'
import { findWaitingAttempt } from '../../flows/signin/signin-mail.ts'
import { SECOND } from '../../platform/clock.ts'
import { parseEmailAddress } from '../../platform/email-address.ts'
import { holdingOf, type RequestCookies } from '../request/cookies.ts'
import { redemption } from '../request/proof-context.ts'
import { refusedEmail } from './mend-email.ts'
import { codeRefused, fields, mailNotSent, page, redirectField, typedCode } from './page.ts'
import type { PageError } from './page-values.ts'
import { leadBack, signedInPage } from './signed-in.ts'
import { COOKIES_BLOCKED, cookiesAreBlocked, signinPage } from './signin-page.ts'

const OF_CODE: readonly ErrorCode[] = ['INVALID_CREDENTIALS', 'VALIDATION_ERROR']
const NOTICES = ['signed_out', 'deleted', 'email_restored', 'not_you', 'was_me', 'ended'] as const
const attemptId = z.string().max(64)

/** The form shows that a mailbox reached its limit. Other errors get an error page. */
function limitedOnly(error: unknown): AuthdError {
  if (error instanceof AuthdError && error.code === 'RATE_LIMITED') return error
  throw error
}

const ask = page({
  method: 'GET',
  path: '/signin',
  fields: fields({ redirect_to: redirectField, notice: z.enum(NOTICES).optional().catch(undefined) }),
  async handle(deps, { fields: { redirect_to, notice }, cookies, identity }) {
    checkRedirect(deps, redirect_to)
    if (identity.kind === 'session' && identity.via === 'cookie') {
      if (identity.session.due === 'enrolment') return { goTo: '/account/enrol' }
      if (identity.session.due === 'factor') return { goTo: '/account/confirm' }
      if (redirect_to !== undefined) return { goTo: redirect_to }
      return { goTo: '/account' }
    }
    return signinPage(deps, cookies, { ...optional(redirect_to), ...(notice !== undefined && { notice }) })
  },
})

const begin = page({
  method: 'POST',
  path: '/signin',
  limit: 'stranger',
  fields: fields({
    email: z.string().max(320),
    redirect_to: redirectField,
    attempt: attemptId.optional(),
    once: z.string().optional(),
  }),
  async handle(deps, { fields: form, cookies, actor, lang }) {
    const email = parseEmailAddress(form.email)
    const shown = { email: form.email, ...optional(form.redirect_to) }
    if (cookiesAreBlocked(form, cookies)) return signinPage(deps, cookies, { ...shown, error: COOKIES_BLOCKED }, 400)
    if (!email) {
      return signinPage(deps, cookies, { ...shown, ...refusedEmail(form.email) }, 400)
    }
    const held = cookies.attempts
    const begun = await beginSignIn(deps, actor, {
      email,
      deliver: 'cookie',
      redirectTo: form.redirect_to,
      lang,
      held,
      device: cookies.device,
    }).catch(limitedOnly)
    if (begun instanceof AuthdError) {
      return signinPage(deps, cookies, { ...shown, error: mailNotSent(begun) }, begun.status)
    }
    const again = form.attempt === undefined ? '' : `&again=${begun.isMailed ? 1 : 0}`
    return {
      goTo: `/signin/code?attempt=${begun.attempt.id}${again}`,
      cookies: [{ kind: 'attempt', token: begun.token }],
    }
  },
})

const askCode = page({
  method: 'GET',
  path: '/signin/code',
  fields: fields({ attempt: attemptId.optional(), again: z.enum(['0', '1']).optional().catch(undefined) }),
  async handle(deps, { fields: query, cookies, identity }) {
    const shown = await codePage(deps, cookies, query.attempt)
    if (!shown) return (await leadBack(deps, { cookies, identity }, query.attempt)) ?? { goTo: '/signin' }
    const notice = noticeFor(query.again, shown)
    return { page: 'code', values: { ...shown, ...(notice && { notice }) } }
  },
})

/** What "send again" did. Once another mail can be requested, a page that is loaded again says nothing of the last try. */
function noticeFor(again: '0' | '1' | undefined, { resendAfter }: { resendAfter: number }) {
  if (again === '1') return 'sent_again'
  return again === '0' && resendAfter > 0 ? 'not_sent' : undefined
}

const code = page({
  method: 'POST',
  path: '/signin/code',
  limit: 'guess',
  fields: fields({ attempt: attemptId, code: typedCode }),
  async handle(deps, { fields: form, cookies, actor, identity }) {
    try {
      const proof = { ...redemption({ cookies, identity }, undefined, form.attempt), code: form.code }
      return signedInPage(deps, await redeemCode(deps, actor, proof))
    } catch (error) {
      if (!(error instanceof AuthdError && OF_CODE.includes(error.code))) throw error
      const shown = await codePage(deps, cookies, form.attempt)
      const back = shown ? undefined : await leadBack(deps, { cookies, identity }, form.attempt)
      if (back) return back
      if (!shown) throw new AuthdError('ATTEMPT_EXPIRED')
      return { page: 'code', status: error.status, values: { ...shown, error: codeRefused(error) } }
    }
  },
})

async function codePage(deps: Deps, cookies: RequestCookies, attempt: string | undefined) {
  const waiting = await findWaitingAttempt(deps, holdingOf(cookies, undefined, attempt))
  return (
    waiting && {
      attempt: waiting.attempt.id,
      email: waiting.attempt.emailTyped ?? waiting.attempt.email,
      ttlMs: deps.config.current().signin.ttl,
      resendAfter: Math.ceil(waiting.resendAfterMs / SECOND),
      codeKind: waiting.attempt.codeKind ?? 'short',
      ...optional(waiting.attempt.redirectTo ?? undefined),
    }
  )
}

/** Checked before the user types anything, so that no sign-in ends at a bad redirect. */
function checkRedirect(deps: Deps, redirect: string | undefined): void {
  if (redirect === undefined || isAllowedRedirect(deps.config.current().signin.redirectUrls, redirect)) return
  throw new AuthdError('VALIDATION_ERROR', {
    message: 'redirect_to is not listed in signin.redirect_urls.',
  })
}

function optional(redirect: string | undefined): { redirectTo?: string; error?: PageError } {
  return redirect === undefined ? {} : { redirectTo: redirect }
}

export const signinPages = [ask, begin, askCode, code]
