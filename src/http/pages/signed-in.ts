import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { SignedIn, SignInResult } from '../../flows/signin/complete.ts'
import { findDueFactors, findRedirectOf } from '../../flows/signin/held-attempt.ts'
import { signInCookies } from '../endpoint/session-answer.ts'
import { holdingOf } from '../request/cookies.ts'
import type { PageAnswer, PageRequest } from './page.ts'

/** Continues after a proof: to the second factor, to the app that asked, or to the account. */
export function signedInPage(deps: Deps, result: SignInResult): PageAnswer {
  if (result.status === 'continue_elsewhere') throw new AuthdError('MAGIC_LINK_EXPIRED')
  if (result.status === 'factor_required') return { goTo: `/signin/factor?attempt=${result.attempt.id}` }
  return { goTo: leadOn(deps, result.signedIn), cookies: signInCookies(result) }
}

/**
 * Continues a sign-in whose page is opened again, or whose link is, when the proof was already given: to the second factor
 * that is due, or to where it led. Undefined if this browser has nothing to do with it.
 */
export async function leadBack(
  deps: Deps,
  { identity, cookies }: Pick<PageRequest<unknown>, 'identity' | 'cookies'>,
  attemptId: string | undefined,
): Promise<{ goTo: string } | undefined> {
  if (attemptId === undefined) return undefined
  const due = await findDueFactors(deps, holdingOf(cookies, undefined, attemptId))
  if (due) return { goTo: `/signin/factor?attempt=${attemptId}` }
  if (identity.kind !== 'session' || identity.via !== 'cookie') return undefined
  const { userId: id, user, due: isDue } = identity.session
  const led = isDue === 'nothing' && (await findRedirectOf(deps, { attemptId, user: { ...user, id } }))
  return led ? { goTo: led.redirectTo ?? '/account' } : undefined
}

/** Offers a passkey once per browser, after a sign-in by mail alone. */
function leadOn(deps: Deps, { attempt, session, isNewDevice }: SignedIn): string {
  if (session.isEnrolmentDue) return '/account/enrol'
  const isOffered = deps.config.current().webauthn.offer && isNewDevice && session.aal === 1
  const account = session.amr.includes('recovery_code') ? '/account?done=recovery_code_used' : '/account'
  if (!isOffered) return attempt.redirectTo ?? account
  const onward = attempt.redirectTo === null ? '' : `&redirect_to=${encodeURIComponent(attempt.redirectTo)}`
  return `/account/passkeys/new?offer=1${onward}`
}
