import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/event.ts'
import { disablePeople } from '../../src/flows/user.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey } from '../factors.ts'
import { type Authd, startAuthd } from '../harness.ts'
import type { Browser, Reply } from '../http-client.ts'
import type { PasskeyDevice } from '../passkey-device.ts'
import { ADA, signInOnPage } from '../people.ts'

async function withPasskey(authd: Authd, options: Parameters<typeof deviceFor>[1] = {}) {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const device = deviceFor(authd, options)
  expect((await enrolPasskey(browser, device)).status).toBe(201)
  return { browser, device }
}

/** A challenge for a browser that begins to sign in. */
async function ask(browser: Browser, email?: string): Promise<Reply['body']> {
  await browser.post('/v1/signin', { json: { deliver: 'cookie', ...(email && { email }) } })
  return (await browser.post('/v1/signin/passkey/options', { json: {} })).body
}

const answer = (browser: Browser, device: PasskeyDevice, asked: Reply['body']) =>
  browser.post('/v1/signin/passkey', {
    json: { challenge_id: asked.challenge_id, credential: device.sign(asked.options) },
  })

const REFUSED = { status: 401, body: { code: 'INVALID_CREDENTIALS' } }

describe.each(['sqlite', 'postgres'] as const)('SECURITY A-04 on %s: a challenge', (database) => {
  test('of ten good answers at once gives one session', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await ask(browser)
    const json = { challenge_id: asked.challenge_id, credential: device.sign(asked.options) }

    const replies = await Promise.all(Array.from({ length: 10 }, () => browser.post('/v1/signin/passkey', { json })))

    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    const begun = (await authd.auditLog()).filter(({ eventType }) => eventType === 'session.created')
    expect(begun).toHaveLength(2)
  })

  test('is spent by an answer that failed', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await ask(browser)
    const good = device.sign(asked.options)
    const broken = device.sign(asked.options, { signature: () => Buffer.alloc(70) })
    const send = (credential: object) =>
      browser.post('/v1/signin/passkey', { json: { challenge_id: asked.challenge_id, credential } })

    expect(await send(broken)).toMatchObject(REFUSED)
    expect(await send(good)).toMatchObject(REFUSED)
  })
})

describe('SECURITY A-04: a challenge', () => {
  test('is 32 random bytes, new each time', async () => {
    const authd = await startAuthd()
    const asked = [await ask(authd.browser()), await ask(authd.browser()), await ask(authd.browser())]

    const challenges = asked.map(({ options }) => String(options.challenge))
    expect(new Set(challenges).size).toBe(3)
    expect(challenges.map((text) => Buffer.from(text, 'base64url').length)).toEqual([32, 32, 32])
  })

  test('lives five minutes', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const [inTime, late] = [authd.browser(), authd.browser()]
    const asked = [await ask(inTime), await ask(late)]

    authd.clock.advance(5 * MINUTE - SECOND)
    expect((await answer(inTime, device, asked[0])).status).toBe(200)
    authd.clock.advance(SECOND)
    expect(await answer(late, device, asked[1])).toMatchObject(REFUSED)
  })

  test('is good for the browser that asked, and for no other', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const [owner, other] = [authd.browser(), authd.browser()]
    const asked = await ask(owner)
    await ask(other)

    expect(await answer(other, device, asked)).toMatchObject(REFUSED)
    // Spent all the same: the owner asks anew, and whoever stole the answer has nothing.
    expect(await answer(owner, device, asked)).toMatchObject(REFUSED)
    expect((await answer(owner, device, await ask(owner))).status).toBe(200)
  })

  test('to sign in makes no passkey and proves nothing again, and the reverse', async () => {
    const authd = await startAuthd()
    const { browser, device } = await withPasskey(authd)
    const toEnrol = (await browser.post('/v1/me/passkeys/options')).body
    const toStepUp = (await browser.post('/v1/stepup/passkey/options')).body
    const guest = authd.browser()

    for (const asked of [toEnrol, toStepUp]) {
      await guest.post('/v1/signin', { json: { deliver: 'cookie' } })
      expect(await answer(guest, device, asked)).toMatchObject(REFUSED)
    }
    const toSignIn = await ask(guest)
    const stepUp = { challenge_id: toSignIn.challenge_id, credential: device.sign(toSignIn.options) }
    expect(await browser.post('/v1/stepup/passkey', { json: stepUp })).toMatchObject({ status: 401 })
    const another = deviceFor(authd)
    const again = await ask(guest)
    const credential = another.register({ ...again.options, user: { id: 'dXNlcg' }, rp: {} })
    expect(
      await browser.post('/v1/me/passkeys', { json: { challenge_id: again.challenge_id, credential } }),
    ).toMatchObject({
      status: 400,
      body: { code: 'PASSKEY_NOT_ACCEPTED' },
    })
  })

  test('asked for by one session adds no passkey to another', async () => {
    const authd = await startAuthd()
    const [ada, eve] = [authd.browser(), authd.browser()]
    await signInOnPage(authd, ada)
    await signInOnPage(authd, eve, 'eve@example.com')
    const asked = (await ada.post('/v1/me/passkeys/options')).body
    const json = { challenge_id: asked.challenge_id, credential: deviceFor(authd).register(asked.options) }

    expect((await eve.post('/v1/me/passkeys', { json })).status).toBe(400)
    expect((await eve.get('/v1/me/passkeys')).body).toEqual([])
  })

  test('is worth nothing once the person is disabled', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await ask(browser)
    await disablePeople(authd.deps, SYSTEM, { names: [ADA], reason: null })

    expect(await answer(browser, device, asked)).toMatchObject(REFUSED)
  })
})

describe('SECURITY A-05: a counter that went back', () => {
  async function signInTwiceWithClone(authd: Authd, device: PasskeyDevice) {
    const clone = device.clone()
    const [owner, thief] = [authd.browser(), authd.browser()]
    const first = await answer(owner, device, await ask(owner))
    const second = await answer(thief, clone, await ask(thief))
    const noted = (await authd.auditLog()).filter(({ eventType }) => eventType === 'webauthn.counter_regressed')
    return { statuses: [first.status, second.status], noted: noted.map(({ outcome }) => outcome) }
  }

  test('of a passkey that cannot be copied by right is refused, and audited', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, { isBackupEligible: false, isBackedUp: false })

    expect(await signInTwiceWithClone(authd, device)).toEqual({ statuses: [200, 401], noted: ['failure'] })
  })

  test('of a synced passkey is accepted, and audited', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, { isBackupEligible: true, isBackedUp: true })

    expect(await signInTwiceWithClone(authd, device)).toEqual({ statuses: [200, 200], noted: ['success'] })
  })

  test('does not exist for one that never counts', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, { isBackupEligible: false, isBackedUp: false, counter: 0 })

    for (let at = 0; at < 3; at += 1) {
      const browser = authd.browser()
      const asked = await ask(browser)
      const credential = device.sign(asked.options, { counter: 0 })
      const reply = await browser.post('/v1/signin/passkey', { json: { challenge_id: asked.challenge_id, credential } })
      expect(reply.status).toBe(200)
    }
  })
})

describe('SECURITY A-06: the passkeys of an address', () => {
  test('look alike whether it is known or not, and stay the same', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const shapeOf = async (email: string) => {
      const { options } = await ask(authd.browser(), email)
      const allowCredentials: { id: string; type: string }[] = options.allowCredentials
      return { ...(options as object), challenge: '', allowCredentials }
    }
    const known = await shapeOf(ADA)
    expect(known.allowCredentials).toEqual([{ id: device.credentialId, type: 'public-key' }])

    for (let at = 0; at < 30; at += 1) {
      const email = `nobody${at}@example.com`
      const unknown = await shapeOf(email)
      expect(await shapeOf(email.toUpperCase())).toEqual(unknown)
      expect({ ...unknown, allowCredentials: [] }).toEqual({ ...known, allowCredentials: [] })
      const lengths = unknown.allowCredentials.map(({ id }) => Buffer.from(id, 'base64url').length)
      expect(lengths.every((length) => length === 20 || length === 32)).toBe(true)
      expect(
        unknown.allowCredentials.every(
          (one) => Object.keys(one).join() === Object.keys(known.allowCredentials[0] ?? {}).join(),
        ),
      ).toBe(true)
    }
  })

  test('without an address none is named', async () => {
    const authd = await startAuthd()
    await withPasskey(authd)

    const { options } = await ask(authd.browser())
    expect(options.allowCredentials ?? []).toEqual([])
  })
})
