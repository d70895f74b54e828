import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { SignedIn, SignInResult } from '../../flows/signin/complete.ts'
import { signInCookies } from '../endpoint/session-answer.ts'
import type { PageAnswer } from './page.ts'

/** Continues after a proof: to the second factor, to the app that asked, or to the account. */
export function signedInPage(deps: Deps, result: SignInResult): PageAnswer {
  if (result.status === 'continue_elsewhere') throw new AuthdError('MAGIC_LINK_EXPIRED')
  if (result.status === 'factor_required') return { goTo: `/signin/factor?attempt=${result.attempt.id}` }
  return { goTo: leadOn(deps, result.signedIn), cookies: signInCookies(result) }
}

/** Offers a passkey once per browser, after a sign-in by mail alone. */
function leadOn(deps: Deps, { attempt, session, isNewDevice }: SignedIn): string {
  if (session.isEnrolmentDue) return '/account/enrol'
  const isOffered = deps.config.current().webauthn.offer && isNewDevice && session.aal === 1
  if (!isOffered) return attempt.redirectTo ?? '/account'
  const onward = attempt.redirectTo === null ? '' : `&redirect_to=${encodeURIComponent(attempt.redirectTo)}`
  return `/account/passkeys/new?offer=1${onward}`
}
