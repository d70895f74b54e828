import type { Deps } from '../../deps.ts'
import { pageChallenge } from '../../flows/factors/page-challenge.ts'
import { mintSecret } from '../../platform/secret.ts'
import { hasNone, type RequestCookies } from '../request/cookies.ts'
import { presentPasskeyOptions } from '../routes/passkey-options.ts'
import type { PageAnswer } from './page.ts'
import type { PageError, PageValues } from './page-values.ts'

/**
 * The sign-in page, with a challenge for a passkey. Opening it writes nothing. templates/pages/assets/page.js shows the
 * passkey button where the browser can use passkeys.
 */
export function signinPage(
  deps: Deps,
  { visit = mintSecret(deps.random) }: Pick<RequestCookies, 'visit'>,
  values: Omit<PageValues['signin'], 'asked'>,
  status = 200,
): PageAnswer {
  const asked = JSON.stringify(presentPasskeyOptions(pageChallenge(deps, visit)))
  return { page: 'signin', status, values: { ...values, asked }, cookies: [{ kind: 'visit', value: visit }] }
}

/** Without the page's cookie no mail is sent: the browser could not use it. */
export const COOKIES_BLOCKED: PageError = {
  code: 'COOKIES_BLOCKED',
  message: 'The browser sent no cookie. Allow cookies for this site.',
}

/** The page sets a cookie, and its forms have a one-time id. So this browser got the page and kept no cookie. */
export function cookiesAreBlocked({ once }: { once?: string | undefined }, cookies: RequestCookies): boolean {
  return once !== undefined && hasNone(cookies)
}
