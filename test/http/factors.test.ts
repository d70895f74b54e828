import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, signInWithPasskey, totpCode } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { askForCode, askOnPage, signInOnPage } from '../support/people.ts'

describe.each(['sqlite', 'postgres'] as const)('a second factor on %s', (database) => {
  test('a passkey is added after a sign-in by mail, and then signs in alone', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const device = deviceFor(authd)

    const added = await enrolPasskey(browser, device)
    const elsewhere = authd.browser()
    const signedIn = await signInWithPasskey(elsewhere, device)
    const session = await elsewhere.get('/v1/session')

    expect(added).toMatchObject({ status: 201, body: { passkey: { name: 'Firefox on Linux', synced: true } } })
    expect(added.body).not.toHaveProperty('refresh_token')
    expect(signedIn.body).toMatchObject({ status: 'complete', session: { aal: 2, amr: ['passkey', 'mfa'] } })
    expect(session.body.user.email).toBe('ada@example.com')
    expect((await authd.takeMail()).map(({ template }) => template)).toEqual(['passkey_added', 'new_device'])
  })

  test('once an authenticator app is set up, a mail alone does not sign in', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { secret, recoveryCodes } = await enrolTotp(authd, browser)
    await authd.takeMail()
    const elsewhere = authd.browser()

    const { attempt, code } = await askOnPage(authd, elsewhere)
    const first = await elsewhere.post('/signin/code', { form: { attempt, code } })
    const before = await elsewhere.get('/v1/session')
    const again = await elsewhere.post('/v1/signin/totp', { json: { code: totpCode(authd, secret) } })
    authd.clock.advance(30 * SECOND)
    const second = await elsewhere.post('/v1/signin/totp', { json: { code: totpCode(authd, secret) } })
    const session = await elsewhere.get('/v1/session')

    expect(recoveryCodes).toHaveLength(10)
    expect(first.headers.get('Location')).toBe(`/signin/factor?attempt=${attempt}`)
    expect(before.status).toBe(401)
    // The code that confirmed the app is spent.
    expect(again).toMatchObject({ status: 401, body: { message: expect.stringContaining('Wait for the next code') } })
    expect(second.body).toMatchObject({ status: 'complete' })
    expect(session.body.session).toMatchObject({ aal: 2, amr: ['email', 'otp', 'mfa'] })
  })

  test('a recovery code replaces the authenticator app once', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { recoveryCodes } = await enrolTotp(authd, browser)
    await authd.takeMail()
    const useCode = async () => {
      const { attemptToken: attempt_token, code } = await askForCode(authd)
      await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
      const typed = recoveryCodes[3]?.toLowerCase() ?? ''
      return await authd.browser().post('/v1/signin/recovery-code', { json: { code: typed, attempt_token } })
    }

    const once = await useCode()
    const twice = await useCode()

    expect(once.body).toMatchObject({ status: 'complete', session: { aal: 2 }, token_type: 'Bearer' })
    expect(twice).toMatchObject({ status: 401, body: { code: 'INVALID_CREDENTIALS' } })
    expect(twice.body.message).toContain('Each recovery code works once')
    const used = (await authd.auditLog()).filter(({ eventType }) => eventType === 'recovery_code.used')
    expect(used.map(({ metadata }) => metadata)).toEqual([{ left: 9 }])
  })

  test('important changes need a fresh proof: by mail without a factor, otherwise with the factor', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const first = browser.cookies.get('authd')
    authd.clock.advance(6 * MINUTE)

    const refused = await browser.post('/v1/me/totp')
    await browser.post('/v1/stepup/email')
    const [mail] = await authd.takeMail()
    const proven = await browser.post('/v1/stepup/code', { json: { code: mail?.values['code'] ?? '' } })
    const { secret } = await enrolTotp(authd, browser)
    authd.clock.advance(6 * MINUTE)
    const byMail = await browser.post('/v1/stepup/email')
    const byFactor = await browser.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    const old = await authd.browser().get('/v1/session', { headers: { Cookie: `authd=${first}` } })

    expect(refused).toMatchObject({ status: 403, body: { code: 'STEP_UP_REQUIRED', details: { methods: ['email'] } } })
    expect(mail?.template).toBe('stepup')
    expect(proven.status).toBe(200)
    expect(byMail).toMatchObject({ status: 403, body: { details: { methods: ['totp', 'recovery_code'] } } })
    expect(byFactor.body.session).toMatchObject({ aal: 2, amr: ['email', 'otp', 'mfa'] })
    expect(old.status).toBe(401)
  })
})

test('where a factor is required, a session without one can only enrol, and is complete afterwards', async () => {
  const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
  const app = authd.browser()

  const { attemptToken: attempt_token, code } = await askForCode(authd)
  const signedIn = await app.post('/v1/signin/code', { json: { code, attempt_token } })
  const bearer = signedIn.body.access_token
  const refused = await app.get('/v1/session', { bearer })
  const asCookie = await app.get('/v1/session', { headers: { Cookie: `authd=${bearer}` } })
  const begun = await app.post('/v1/me/totp', { bearer })
  const totp = totpCode(authd, begun.body.secret)
  const enrolled = await app.post('/v1/me/totp/confirm', { bearer, json: { code: totp } })
  const session = await app.get('/v1/session', { bearer: enrolled.body.access_token })

  expect(signedIn.body).toMatchObject({ status: 'complete', session: { enrolment_required: true } })
  const endsAt = Date.parse(signedIn.body.session.expires_at)
  expect(authd.clock.now() + signedIn.body.expires_in * SECOND).toBe(endsAt)
  expect(bearer).toMatch(/^ses_/)
  expect(signedIn.body).not.toHaveProperty('refresh_token')
  expect(refused).toMatchObject({ status: 403, body: { code: 'ENROLMENT_REQUIRED' } })
  expect(asCookie.status).toBe(401)
  expect(enrolled.body).toMatchObject({ session: { enrolment_required: false, aal: 2 } })
  expect(session.status).toBe(200)
})
