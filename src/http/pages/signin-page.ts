import type { Deps } from '../../deps.ts'
import { pageChallenge } from '../../flows/factors/page-challenge.ts'
import { mintSecret } from '../../platform/secret.ts'
import type { RequestCookies } from '../request/cookies.ts'
import { presentPasskeyOptions } from '../routes/passkey-options.ts'
import type { PageAnswer } from './page.ts'
import type { PageValues } from './page-values.ts'

/** The sign-in page, with a challenge for a passkey. Opening it writes nothing. */
export function signinPage(
  deps: Deps,
  { visit = mintSecret(deps.random) }: Pick<RequestCookies, 'visit'>,
  values: Omit<PageValues['signin'], 'asked'>,
  status = 200,
): PageAnswer {
  const asked = JSON.stringify(presentPasskeyOptions(pageChallenge(deps, visit)))
  return { page: 'signin', status, values: { ...values, asked }, cookies: [{ kind: 'visit', value: visit }] }
}
