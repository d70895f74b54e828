import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { beginSignIn } from '../../flows/begin-sign-in.ts'
import { redeemCode } from '../../flows/magic-link.ts'
import type { SignInResult } from '../../flows/sign-in.ts'
import { findWaitingAttempt } from '../../flows/signin-mail.ts'
import { SECOND } from '../../platform/clock.ts'
import { parseEmailAddress } from '../../platform/email-address.ts'
import { holdingOf, type RequestCookies } from '../cookies.ts'
import { redemption, signInCookies } from '../routes/signin.ts'
import { fields, type PageAnswer, page, pageError } from './page.ts'
import type { PageError } from './values.ts'

const redirectTo = z.string().max(2048).optional()
const attemptId = z.string().max(64)

const ask = page({
  method: 'GET',
  path: '/signin',
  fields: fields({ redirect_to: redirectTo, signed_out: z.string().optional() }),
  async handle(deps, { fields: { redirect_to, signed_out }, identity }) {
    checkRedirect(deps, redirect_to)
    if (identity.kind === 'session') {
      if (redirect_to !== undefined) return { goTo: redirect_to }
      return { page: 'done', values: { email: identity.session.user.emailTyped } }
    }
    const notice = signed_out === undefined ? {} : { notice: 'signed_out' as const }
    return { page: 'signin', values: { ...optional(redirect_to), ...notice } }
  },
})

const begin = page({
  method: 'POST',
  path: '/signin',
  fields: fields({ email: z.string().max(320), redirect_to: redirectTo, attempt: attemptId.optional() }),
  async handle(deps, { fields: form, cookies, origin, lang }) {
    const email = parseEmailAddress(form.email)
    const shown = { email: form.email, ...optional(form.redirect_to) }
    if (!email) {
      const error = pageError(new AuthdError('VALIDATION_ERROR'))
      return { page: 'signin', status: 400, values: { ...shown, error } }
    }
    const held = cookies.attempts
    const begun = await beginSignIn(deps, origin, {
      email,
      deliver: 'cookie',
      redirectTo: form.redirect_to,
      lang,
      held,
      device: cookies.device,
    })
    const again = form.attempt !== undefined && begun.isMailed ? '&again=1' : ''
    return {
      goTo: `/signin/code?attempt=${begun.attempt.id}${again}`,
      cookies: [{ kind: 'attempt', token: begun.token, held }],
    }
  },
})

const askCode = page({
  method: 'GET',
  path: '/signin/code',
  fields: fields({ attempt: attemptId.optional(), again: z.string().optional() }),
  async handle(deps, { fields: query, cookies }) {
    const shown = await codePage(deps, cookies, query.attempt)
    if (!shown) return { goTo: '/signin' }
    const notice = query.again === undefined ? {} : { notice: 'sent_again' as const }
    return { page: 'code', values: { ...shown, ...notice } }
  },
})

const code = page({
  method: 'POST',
  path: '/signin/code',
  fields: fields({ attempt: attemptId, code: z.string().max(64) }),
  async handle(deps, { fields: form, cookies, origin, identity }) {
    try {
      const proof = { ...redemption({ cookies, identity }, undefined, form.attempt), code: form.code }
      return signedInPage(await redeemCode(deps, origin, proof), cookies)
    } catch (error) {
      if (!(error instanceof AuthdError && error.code === 'INVALID_CREDENTIALS')) throw error
      const shown = await codePage(deps, cookies, form.attempt)
      if (!shown) throw new AuthdError('ATTEMPT_EXPIRED')
      return { page: 'code', status: error.status, values: { ...shown, error: pageError(error) } }
    }
  },
})

/** Where a completed sign-in leads: to the app that asked, or to our own last page. */
export function signedInPage(result: SignInResult, cookies: RequestCookies): PageAnswer {
  if (result.status !== 'complete') throw new AuthdError('MAGIC_LINK_EXPIRED')
  return {
    goTo: result.signedIn.attempt.redirectTo ?? '/signin',
    cookies: signInCookies(result, cookies.attempts),
  }
}

async function codePage(deps: Deps, cookies: RequestCookies, attempt: string | undefined) {
  const waiting = await findWaitingAttempt(deps, holdingOf(cookies, undefined, attempt))
  return (
    waiting && {
      attempt: waiting.attempt.id,
      email: waiting.attempt.emailTyped ?? waiting.attempt.email,
      resendAfter: Math.ceil(waiting.resendAfterMs / SECOND),
      codeKind: waiting.attempt.codeKind ?? 'short',
      ...optional(waiting.attempt.redirectTo ?? undefined),
    }
  )
}

/** Said before anything is typed: a page that leads nowhere helps nobody. */
function checkRedirect(deps: Deps, redirect: string | undefined): void {
  if (redirect === undefined || deps.config.current().signin.redirectUrls.includes(redirect)) return
  throw new AuthdError('VALIDATION_ERROR', {
    message: 'redirect_to is not one of the addresses in signin.redirect_urls.',
  })
}

function optional(redirect: string | undefined): { redirectTo?: string; error?: PageError } {
  return redirect === undefined ? {} : { redirectTo: redirect }
}

export const signinPages = [ask, begin, askCode, code]
