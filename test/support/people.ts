import type { Authd } from './harness.ts'
import type { Browser, Reply } from './http-client.ts'

export const ADA = 'ada@example.com'

export interface TokensOf {
  sessionId: string
  userId: string
  accessToken: string
  refreshToken: string
}

/** Starts a sign-in that returns tokens. Returns the attempt token and the code of the mail. */
export async function askForCode(authd: Authd, email = ADA): Promise<{ attemptToken: string; code: string }> {
  const begun = await authd.browser().post('/v1/signin', { json: { email } })
  const mail = await authd.takeProofMail()
  return { attemptToken: begun.body.attempt_token, code: mail?.values['code'] ?? '' }
}

/** Signs a user in by code. Returns the tokens. */
export async function signInForTokens(authd: Authd, email = ADA): Promise<TokensOf> {
  const { attemptToken, code } = await askForCode(authd, email)
  const { body } = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })
  return tokensOf(body)
}

function tokensOf(body: Reply['body']): TokensOf {
  return {
    sessionId: body.session.id,
    userId: body.session.user_id,
    accessToken: body.access_token,
    refreshToken: body.refresh_token,
  }
}

/** Requests a mail on the sign-in page. Returns the token of its link and its code. */
export async function askOnPage(authd: Authd, browser: Browser, email = ADA) {
  const asked = await browser.post('/signin', { form: { email } })
  const mail = await authd.takeProofMail()
  const link = new URL(mail?.values['link'] ?? 'http://no.link')
  const token = link.searchParams.get('token') ?? ''
  return { asked, link: link.href, token, attempt: token.split('.')[0] ?? '', code: mail?.values['code'] ?? '' }
}

/** Signs a user in on the pages, so the browser has the session cookie. */
export async function signInOnPage(authd: Authd, browser: Browser, email = ADA): Promise<Reply> {
  const { attempt, code } = await askOnPage(authd, browser, email)
  return await browser.post('/signin/code', { form: { attempt, code } })
}
