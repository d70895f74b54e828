import { expect, test } from 'vitest'
import { MINUTE } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, signInWithPasskey } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

test('a user changes and removes their name', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)

  const named = await browser.send('PATCH', '/v1/me', { json: { name: '  Ada Lovelace ' } })
  await browser.post('/account/name', { form: { name: '' } })
  const unnamed = await browser.get('/v1/me')

  expect([named.body.name, unnamed.body.name]).toEqual(['Ada Lovelace', null])
})

test('an access token without a step-up can read but not change anything', async () => {
  const authd = await startAuthd()
  const { accessToken: bearer } = await signInForTokens(authd)
  const app = authd.browser()

  const read = await app.get('/v1/me', { bearer })
  const changes = await Promise.all([
    app.send('PATCH', '/v1/me', { bearer, json: { name: 'Eve' } }),
    app.send('DELETE', '/v1/me', { bearer }),
    app.post('/v1/me/email', { bearer, json: { email: 'eve@example.com' } }),
    app.post('/v1/me/totp', { bearer }),
    app.post('/v1/me/passkeys/options', { bearer }),
  ])

  expect(read.body.email).toBe(ADA)
  expect(changes.map(({ body }) => body.code)).toEqual(Array(5).fill('STEP_UP_REQUIRED'))
  expect(changes.map(({ body }) => body.details)).toEqual(Array(5).fill({ methods: ['email'] }))
})

test('a user exports their data, which contains no secret', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { secret, recoveryCodes } = await enrolTotp(authd, browser)
  await enrolPasskey(browser, deviceFor(authd))

  const exported = await browser.get('/v1/me/export')
  const file = await browser.post('/account/export', { form: {} })
  const text = JSON.stringify(exported.body)

  expect(exported.body).toMatchObject({
    user: { email: ADA },
    sign_in_methods: { recovery_codes_left: 10, passkeys: [{ synced: true }] },
  })
  expect(exported.body.events[0]).toMatchObject({ event_type: 'user.exported', by: 'you' })
  expect(file.headers.get('Content-Disposition')).toBe('attachment; filename="my-data.json"')
  expect(Object.keys(file.body)).toEqual(Object.keys(exported.body))
  expect([secret, ...recoveryCodes, browser.cookies.get('authd') ?? ''].filter((each) => text.includes(each))).toEqual(
    [],
  )
})

test('a user deletes their account after a fresh proof, and nothing signs in to it again', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { userId } = await signInForTokens(authd)
  const device = deviceFor(authd)
  await enrolPasskey(browser, device)
  authd.clock.advance(6 * MINUTE)

  const early = await browser.send('DELETE', '/v1/me')
  const asked = await browser.post('/v1/stepup/passkey/options')
  const credential = device.sign(asked.body.options)
  await browser.post('/v1/stepup/passkey', { json: { challenge_id: asked.body.challenge_id, credential } })
  const page = await browser.get('/account/delete')
  const gone = await browser.post('/account/delete', { form: {} })

  expect(early.body.code).toBe('STEP_UP_REQUIRED')
  expect(page.body.replaceAll('<wbr>', '')).toContain(`Delete ${ADA}`)
  expect(gone.headers.get('Location')).toBe('/signin?notice=deleted')
  expect((await browser.get('/v1/session')).status).toBe(401)
  expect((await signInWithPasskey(authd.browser(), device)).status).toBe(401)
  expect((await signInForTokens(authd)).userId).not.toBe(userId)
})

test('browsers and password managers find where passkeys work and are managed', async () => {
  const webauthn = {
    rp_id: 'example.com',
    origins: ['https://app.example.com'],
    related_origins: ['https://example.net'],
  }
  const authd = await startAuthd({ config: { public_url: 'https://auth.example.com', webauthn } })

  const related = await authd.browser().get('/.well-known/webauthn')
  const endpoints = await authd.browser().get('/.well-known/passkey-endpoints')

  expect(related.body).toEqual({
    origins: ['https://auth.example.com', 'https://app.example.com', 'https://example.net'],
  })
  expect(endpoints.body).toEqual({
    enroll: 'https://auth.example.com/account/passkeys/new',
    manage: 'https://auth.example.com/account',
  })
})
