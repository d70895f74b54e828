import { expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { disableUsers } from '../../src/flows/users/disable.ts'
import { deviceFor, enrolPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import { FLAG, type PasskeyDevice, type Tamper } from '../support/passkey-device.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const BAD: [string, Tamper][] = [
  ['made for a registration', { type: 'webauthn.create' }],
  ['to another challenge', { challenge: 'YW5vdGhlciBjaGFsbGVuZ2U' }],
  ['from another origin', { origin: 'https://evil.example' }],
  ['from a longer origin', { origin: 'http://localhost.evil.example' }],
  ['from inside a foreign page', { crossOrigin: true }],
  ['from inside a named foreign page', { crossOrigin: true, topOrigin: 'https://evil.example' }],
  ['with a top origin and no frame', { topOrigin: 'https://evil.example' }],
  ['for another domain', { rpId: 'evil.example' }],
  ['without user presence', { flags: (flags) => flags & ~FLAG.UP }],
  ['without the user being verified', { flags: (flags) => flags & ~FLAG.UV }],
  ['backed up and not eligible for it', { flags: (flags) => (flags & ~FLAG.BE) | FLAG.BS }],
  ['no longer eligible for backup', { flags: (flags) => flags & ~(FLAG.BE | FLAG.BS) }],
  [
    'with a broken signature',
    { signature: (bytes) => Buffer.from(bytes.map((byte, at) => (at === 9 ? byte ^ 1 : byte))) },
  ],
  ['with no signature', { signature: () => Buffer.alloc(0) }],
  ['with half of its data', { authData: (bytes) => bytes.subarray(0, 20) }],
  ['naming another user', { userHandle: 'c29tZWJvZHkgZWxzZQ' }],
  ['that names no user, when none was named before', { userHandle: null }],
  ['that names an empty user', { userHandle: '' }],
  ['of an unknown passkey', { credentialId: 'bm9ib2R5J3MgcGFzc2tleQ' }],
  ['under two ids', { id: 'YW5vdGhlciBpZA' }],
  ['that is not JSON', { clientDataJSON: '{"type":"webauthn.get"' }],
]

async function withPasskey(
  authd: Authd,
  email = ADA,
): Promise<{ browser: Browser; device: PasskeyDevice; id: string }> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, email)
  const device = deviceFor(authd)
  const added = await enrolPasskey(browser, device)
  return { browser, device, id: added.body.passkey.id }
}

async function answer(browser: Browser, device: PasskeyDevice, tamper: Tamper, email?: string): Promise<Reply> {
  const begun = await browser.post('/v1/signin', { json: { deliver: 'cookie', ...(email && { email }) } })
  const { attempt_token } = begun.body
  const asked = await browser.post('/v1/signin/passkey/options', { json: { attempt_token } })
  const json = {
    challenge_id: asked.body.challenge_id,
    credential: device.sign(asked.body.options, tamper),
    attempt_token,
  }
  return await browser.post('/v1/signin/passkey', { json })
}

function withoutId({ request_id: _, ...body }: Record<string, unknown>): unknown {
  return body
}

test.each(BAD)('an answer %s is rejected like any bad one, and creates no session', async (_, tamper) => {
  const authd = await startAuthd()
  const { device } = await withPasskey(authd)
  const browser = authd.browser()

  const refused = await answer(browser, device, tamper)
  const session = await browser.get('/v1/session')
  const good = await answer(browser, device, {})

  expect(refused.status).toBe(401)
  expect(withoutId(refused.body)).toEqual({
    type: `${authd.url}/problems/invalid-credentials`,
    title: 'That code did not work. Check it, or request a new mail.',
    status: 401,
    detail: 'That passkey did not work. Try again, or use another way.',
    code: 'INVALID_CREDENTIALS',
    message: 'That passkey did not work. Try again, or use another way.',
  })
  expect(session.status).toBe(401)
  expect(good.status).toBe(200)
})

test('where the user is known before, an answer may leave the user out, but not name another', async () => {
  const authd = await startAuthd()
  const { browser, device } = await withPasskey(authd)
  const stepUp = async (tamper: Tamper) => {
    const { body } = await browser.post('/v1/stepup/passkey/options')
    const json = { challenge_id: body.challenge_id, credential: device.sign(body.options, tamper) }
    return (await browser.post('/v1/stepup/passkey', { json })).status
  }
  const [without, another] = [{ userHandle: null }, { userHandle: 'c29tZWJvZHkgZWxzZQ' }]

  const wrong = [(await answer(authd.browser(), device, another, ADA)).status, await stepUp(another)]
  const right = [(await answer(authd.browser(), device, without, ADA)).status, await stepUp(without)]

  expect([wrong, right]).toEqual([
    [401, 401],
    [200, 200],
  ])
})

test("Bob's passkey does not answer for Ada's address, nor after her first proof", async () => {
  const authd = await startAuthd()
  await withPasskey(authd)
  const bob = await withPasskey(authd, 'bob@example.com')
  await authd.takeMail()
  const browser = authd.browser()

  const byAddress = await answer(browser, bob.device, {}, ADA)
  const mail = await authd.takeProofMail()
  await browser.post('/v1/signin/code', { json: { code: mail?.values['code'] ?? '' } })
  const asked = await browser.post('/v1/signin/passkey/options', { json: {} })
  const credential = bob.device.sign(asked.body.options)
  const asSecond = await browser.post('/v1/signin/passkey', {
    json: { challenge_id: asked.body.challenge_id, credential },
  })

  expect([byAddress.status, asSecond.status]).toEqual([401, 401])
  expect((await browser.get('/v1/session')).status).toBe(401)
})

test("Bob's passkey does not step up Ada's session", async () => {
  const authd = await startAuthd()
  const ada = await withPasskey(authd)
  const bob = await withPasskey(authd, 'bob@example.com')

  const asked = await ada.browser.post('/v1/stepup/passkey/options')
  const credential = bob.device.sign(asked.body.options)
  const json = { challenge_id: asked.body.challenge_id, credential }
  const refused = await ada.browser.post('/v1/stepup/passkey', { json })

  expect(refused).toMatchObject({ status: 401, body: { code: 'INVALID_CREDENTIALS' } })
})

test('a removed passkey does not sign in, and its user is notified', async () => {
  const authd = await startAuthd()
  const { browser, device, id } = await withPasskey(authd)

  await browser.send('DELETE', `/v1/me/passkeys/${id}`)
  const refused = await answer(authd.browser(), device, {})

  expect(refused.status).toBe(401)
  expect((await authd.takeMail()).map(({ template }) => template)).toContain('passkey_removed')
})

test('the passkey of a disabled user is rejected like a bad one', async () => {
  const authd = await startAuthd()
  const { device } = await withPasskey(authd)
  await disableUsers(authd.deps, SYSTEM, { names: [ADA], reason: null })

  const disabled = await answer(authd.browser(), device, {})
  const bad = await answer(authd.browser(), device, { rpId: 'evil.example' })

  expect(withoutId(disabled.body)).toEqual(withoutId(bad.body))
})
