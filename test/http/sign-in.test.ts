import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'

describe.each(['sqlite', 'postgres'] as const)('a sign-in on %s', (database) => {
  test('goes from the mail over its code and a token refresh to the sign-out', async () => {
    const authd = await startAuthd({ database })
    const app = authd.browser()

    const { attemptToken, code } = await askForCode(authd)
    const signedIn = await app.post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })
    const before = await app.get('/v1/session', { bearer: signedIn.body.access_token })
    const refreshed = await app.post('/v1/token/refresh', { json: { refresh_token: signedIn.body.refresh_token } })
    const out = await app.post('/v1/logout', { bearer: refreshed.body.access_token })
    const after = await app.get('/v1/session', { bearer: refreshed.body.access_token })

    expect(signedIn.body).toMatchObject({ status: 'complete', token_type: 'Bearer', expires_in: 600 })
    expect(before.body).toMatchObject({ user: { email: ADA }, session: { aal: 1, amr: ['email'] } })
    expect(refreshed.body.refresh_token).not.toBe(signedIn.body.refresh_token)
    expect(out.status).toBe(204)
    expect(after).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } })
    expect((await authd.auditLog()).map((row) => row.eventType)).toEqual([
      'signing_key.created',
      'magic_link.requested',
      'user.registered',
      'session.created',
      'user.authenticated',
      'session.revoked',
    ])
  })

  test('by link works on the pages of the browser that began, with a cookie', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()

    const { token, attempt } = await askOnPage(authd, browser)
    const landing = await browser.get(`/signin/link?token=${token}`)
    const done = await browser.post('/signin/link', { form: { token, attempt } })
    const session = await browser.get('/v1/session')

    expect(landing.body).toContain('a…@<wbr>example.<wbr>com')
    expect(done.status).toBe(303)
    expect(session.body.user.email).toBe(ADA)
  })
})

test('a sign-in page with an allowed address redirects there at the end', async () => {
  const authd = await startAuthd({ config: { signin: { redirect_urls: ['https://app.example.com/in?x=1'] } } })
  const browser = authd.browser()

  await browser.post('/signin', { form: { email: ADA, redirect_to: 'https://app.example.com/in?x=1' } })
  const [mail] = await authd.takeMail()
  const token = new URL(mail?.values['link'] ?? '').searchParams.get('token') ?? ''
  const done = await browser.post('/signin/link', { form: { token, attempt: token.split('.')[0] ?? '' } })
  const offer = await browser.get(done.headers.get('Location') ?? '')

  expect(offer.body).toMatch(/<a href="https:\/\/app\.example\.com\/in\?x&#x3D;1">Not now/)
})

test('link_to sends the user to the app, which signs in with the token and its own attempt', async () => {
  const authd = await startAuthd({ config: { signin: { link_urls: ['https://app.example.com/magic?from=mail'] } } })
  const app = authd.browser()

  const link_to = 'https://app.example.com/magic?from=mail'
  const begun = await app.post('/v1/signin', { json: { email: ADA, link_to } })
  const [mail] = await authd.takeMail()
  const link = new URL(mail?.values['link'] ?? '')
  const token = link.searchParams.get('token')
  const signedIn = await app.post('/v1/signin/link', { json: { token, attempt_token: begun.body.attempt_token } })

  expect(link.href.startsWith('https://app.example.com/magic?from=mail&token=')).toBe(true)
  expect(signedIn.body.status).toBe('complete')
})

test('an attempt for tokens without link_to gets a mail with the code only', async () => {
  const authd = await startAuthd()

  await authd.browser().post('/v1/signin', { json: { email: ADA } })
  const [mail] = await authd.takeMail()

  expect(mail?.values['link']).toBeUndefined()
  expect(mail?.values['code']).toMatch(/^\d{6}$/)
})

test('a repeated address in the same browser continues its attempt, with no second mail before the wait ends', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()

  const first = await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
  const second = await browser.post('/v1/signin', { json: { email: ' Ada@EXAMPLE.com', deliver: 'cookie' } })
  const early = await authd.takeMail()
  authd.clock.advance(31 * SECOND)
  const third = await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
  const late = await authd.takeMail()

  expect(second.body.attempt_token).toBe(first.body.attempt_token)
  expect(third.body.attempt_token).toBe(first.body.attempt_token)
  expect([early.length, late.length]).toEqual([1, 1])
})

test('another mail too soon is refused with the seconds to wait', async () => {
  const authd = await startAuthd()
  const { attemptToken } = await askForCode(authd)

  const soon = await authd.browser().post('/v1/signin/email', { json: { attempt_token: attemptToken } })
  authd.clock.advance(30 * SECOND)
  const later = await authd.browser().post('/v1/signin/email', { json: { attempt_token: attemptToken } })

  expect(soon.status).toBe(429)
  expect(soon.headers.get('Retry-After')).toBe('30')
  expect(later.body).toMatchObject({ delivery: 'queued' })
})

test('signing in with a live cookie ends the former session', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const old = browser.cookies.get('authd') ?? ''

  await signInOnPage(authd, browser, 'bob@example.com')
  const withOld = await authd.browser().get('/v1/session', { headers: { Cookie: `authd=${old}` } })

  expect(withOld.status).toBe(401)
  expect((await browser.get('/v1/session')).body.user.email).toBe('bob@example.com')
})

test('a cookie gets a short-lived access token without a refresh token; an access token gets neither', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { accessToken } = await signInForTokens(authd, 'bob@example.com')

  const bought = await browser.post('/v1/token')
  const refused = await authd.browser().post('/v1/token', { bearer: accessToken })

  expect(bought.body.expires_in).toBe(300)
  expect(bought.body).not.toHaveProperty('refresh_token')
  expect(refused.status).toBe(403)
})

test('users see their sessions, and can end their own but no other', async () => {
  const authd = await startAuthd()
  const here = await signInForTokens(authd)
  const there = await signInForTokens(authd)
  const bob = await signInForTokens(authd, 'bob@example.com')
  const ada = authd.browser()

  const listed = await ada.get('/v1/me/sessions', { bearer: here.accessToken })
  const foreign = await ada.send('DELETE', `/v1/me/sessions/${bob.sessionId}`, { bearer: here.accessToken })
  const own = await ada.send('DELETE', `/v1/me/sessions/${there.sessionId}`, { bearer: here.accessToken })

  expect(listed.body.map((s: { id: string; current: boolean }) => [s.id, s.current])).toEqual([
    [there.sessionId, false],
    [here.sessionId, true],
  ])
  expect(foreign).toMatchObject({ status: 404, body: { code: 'SESSION_NOT_FOUND' } })
  expect(own.status).toBe(204)
  expect((await ada.get('/v1/session', { bearer: there.accessToken })).status).toBe(401)
  expect((await ada.get('/v1/session', { bearer: bob.accessToken })).status).toBe(200)
})
