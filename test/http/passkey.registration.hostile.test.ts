import { expect, test } from 'vitest'
import { deviceFor, enrolPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { FLAG, type Tamper } from '../support/passkey-device.ts'
import { signInOnPage } from '../support/people.ts'

const BAD: [string, Tamper][] = [
  ['made for a sign-in', { type: 'webauthn.get' }],
  ['of no type', { type: '' }],
  ['to another challenge', { challenge: 'YW5vdGhlciBjaGFsbGVuZ2U' }],
  ['to an empty challenge', { challenge: '' }],
  ['from another origin', { origin: 'https://evil.example' }],
  ['from no origin', { origin: 'null' }],
  ['from another port', { origin: 'http://localhost:1' }],
  ['from inside a foreign page', { crossOrigin: true }],
  ['from inside a named foreign page', { crossOrigin: true, topOrigin: 'https://evil.example' }],
  ['with a top origin and no frame', { topOrigin: 'https://evil.example' }],
  ['for another domain', { rpId: 'evil.example' }],
  ['without user presence', { flags: (flags) => flags & ~FLAG.UP }],
  ['without the user being verified', { flags: (flags) => flags & ~FLAG.UV }],
  ['backed up and not eligible for it', { flags: (flags) => (flags & ~FLAG.BE) | FLAG.BS }],
  ['without a key', { flags: (flags) => flags & ~FLAG.AT }],
  ['with an id of more than 1023 bytes', { credentialId: Buffer.alloc(1024, 7).toString('base64url') }],
  ['with an algorithm that was not offered', { algorithm: -35 }],
  ['with half of its data', { authData: (bytes) => bytes.subarray(0, 40) }],
  ['under two ids', { id: 'YW5vdGhlciBpZA' }],
  ['that is not JSON', { clientDataJSON: '{"type":"webauthn.create"' }],
]

const SHAPES: [string, unknown][] = [
  ['empty', {}],
  ['without a response', { id: 'x', rawId: 'x', type: 'public-key' }],
  ['with numbers for texts', { id: 1, rawId: 2, type: 3, response: { clientDataJSON: 4, attestationObject: 5 } }],
  ['with lists for texts', { id: [], rawId: [], response: { clientDataJSON: [], attestationObject: [] } }],
  ['with nothing inside', { id: null, rawId: null, response: null }],
  ['with 40 KiB inside', { id: 'x'.repeat(40_000), rawId: 'x', response: { clientDataJSON: 'e30' } }],
  ['that names its prototype', { __proto__: { id: 'x' }, constructor: 'x', response: { __proto__: 1 } }],
]

async function signedIn(email?: string): Promise<{ authd: Authd; browser: Browser }> {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser, email)
  return { authd, browser }
}

async function offer(browser: Browser, credential: (options: never) => unknown) {
  const asked = await browser.post('/v1/me/passkeys/options')
  const json = { challenge_id: asked.body.challenge_id, credential: credential(asked.body.options as never) }
  return await browser.post('/v1/me/passkeys', { json })
}

test.each(BAD)('a passkey %s is rejected like any bad one, and nothing is stored', async (_, tamper) => {
  const { authd, browser } = await signedIn()
  const device = deviceFor(authd)

  const refused = await offer(browser, (options) => device.register(options, tamper))
  const { request_id: __, ...body } = refused.body
  const stored = await browser.get('/v1/me/passkeys')

  expect(body).toEqual({
    type: `${authd.url}/problems/passkey-not-accepted`,
    title: 'That passkey could not be added. Try again.',
    status: 400,
    detail: 'That passkey could not be added. Try again.',
    code: 'PASSKEY_NOT_ACCEPTED',
    message: 'That passkey could not be added. Try again.',
  })
  expect(stored.body).toEqual([])
})

test.each(SHAPES)('a credential %s is rejected without a server error', async (_, credential) => {
  const { browser } = await signedIn()

  const refused = await offer(browser, () => credential)

  expect(refused.status).toBe(400)
  expect((await browser.get('/v1/session')).status).toBe(200)
})

test('a passkey can be registered only once, by one user', async () => {
  const { authd, browser } = await signedIn()
  const device = deviceFor(authd)
  await enrolPasskey(browser, device)
  const eve = authd.browser()
  await signInOnPage(authd, eve, 'eve@example.com')
  const tamper = { credentialId: device.credentialId }

  const again = await offer(browser, (options) => deviceFor(authd).register(options, tamper))
  const byEve = await offer(eve, (options) => deviceFor(authd).register(options, tamper))

  expect([again.body.code, byEve.body.code]).toEqual(['PASSKEY_NOT_ACCEPTED', 'PASSKEY_NOT_ACCEPTED'])
  expect((await eve.get('/v1/me/passkeys')).body).toEqual([])
})

test('all passkeys of a user have one user handle', async () => {
  const { browser } = await signedIn()
  const handles = []
  for (let times = 0; times < 2; times += 1) {
    const { body } = await browser.post('/v1/me/passkeys/options')
    handles.push(body.options.user.id)
  }

  expect(handles[1]).toBe(handles[0])
})

test('the options exclude the user’s passkeys and require a discoverable one', async () => {
  const { authd, browser } = await signedIn()
  const device = deviceFor(authd)
  await enrolPasskey(browser, device)

  const { options } = (await browser.post('/v1/me/passkeys/options')).body

  expect(options).toMatchObject({
    rp: { id: 'localhost', name: 'authd' },
    attestation: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: [{ id: device.credentialId, transports: ['internal'] }],
    pubKeyCredParams: [{ alg: -8 }, { alg: -7 }, { alg: -257 }],
  })
  // WebAuthn L3 §4: opaque, at most 64 bytes, and without personal data.
  expect(Buffer.from(options.user.id, 'base64url')).toHaveLength(32)
})
