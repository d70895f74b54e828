import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { disableUsers } from '../../src/flows/users/disable.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import {
  answerPasskey as answer,
  askPasskey as ask,
  deviceFor,
  signInWithPasskey,
  withPasskey,
} from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const REFUSED = { status: 401, body: { code: 'INVALID_CREDENTIALS' } }

describe.each(['sqlite', 'postgres'] as const)('a challenge on %s', (database) => {
  test('with ten concurrent good answers creates one session', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await ask(browser)
    const json = { challenge_id: asked.challenge_id, credential: device.sign(asked.options) }

    const replies = await Promise.all(Array.from({ length: 10 }, () => browser.post('/v1/signin/passkey', { json })))

    expect(new Set(replies.map(({ body }) => body.session?.id)).size).toBe(1)
    const begun = (await authd.auditLog()).filter(({ eventType }) => eventType === 'session.created')
    expect(begun).toHaveLength(2)
  })

  test('with ten concurrent bad answers is checked once', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await ask(browser)
    const credential = device.sign(asked.options, { signature: () => Buffer.alloc(70) })
    const json = { challenge_id: asked.challenge_id, credential }

    await Promise.all(Array.from({ length: 10 }, () => browser.post('/v1/signin/passkey', { json })))

    const failed = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.authentication_failed')
    expect(failed).toHaveLength(1)
  })

  test('is used up by a failed answer', async () => {
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

describe('a challenge', () => {
  test('is 32 random bytes, new each time', async () => {
    const authd = await startAuthd()
    const asked = [await ask(authd.browser()), await ask(authd.browser()), await ask(authd.browser())]

    const challenges = asked.map(({ options }) => String(options.challenge))
    expect(new Set(challenges).size).toBe(3)
    expect(challenges.map((text) => Buffer.from(text, 'base64url').length)).toEqual([32, 32, 32])
  })

  test('expires after five minutes', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const [inTime, late] = [authd.browser(), authd.browser()]
    const asked = [await ask(inTime), await ask(late)]

    authd.clock.advance(5 * MINUTE - SECOND)
    expect((await answer(inTime, device, asked[0])).status).toBe(200)
    authd.clock.advance(SECOND)
    expect(await answer(late, device, asked[1])).toMatchObject(REFUSED)
  })

  test('works only in the browser that requested it', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const [owner, other] = [authd.browser(), authd.browser()]
    const asked = await ask(owner)
    await ask(other)

    expect(await answer(other, device, asked)).toMatchObject(REFUSED)
    // It is used up, so that the user needs a new one and a stolen answer is worthless.
    expect(await answer(owner, device, asked)).toMatchObject(REFUSED)
    expect((await answer(owner, device, await ask(owner))).status).toBe(200)
  })

  test('to sign in neither creates a passkey nor steps up, and the reverse', async () => {
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

  test('to step up creates no passkey, and one to create a passkey does not step up, in the same session', async () => {
    const authd = await startAuthd()
    const { browser, device } = await withPasskey(authd)
    const toStepUp = (await browser.post('/v1/stepup/passkey/options')).body
    const toEnrol = (await browser.post('/v1/me/passkeys/options')).body
    const made = deviceFor(authd).register({ ...toStepUp.options, user: { id: 'dXNlcg' }, rp: {} })

    const enrolled = await browser.post('/v1/me/passkeys', {
      json: { challenge_id: toStepUp.challenge_id, credential: made },
    })
    const proven = await browser.post('/v1/stepup/passkey', {
      json: { challenge_id: toEnrol.challenge_id, credential: device.sign(toEnrol.options) },
    })

    expect(enrolled).toMatchObject({ status: 400, body: { code: 'PASSKEY_NOT_ACCEPTED' } })
    expect(proven).toMatchObject(REFUSED)
  })

  test('of one session does not step up another of the same user', async () => {
    const authd = await startAuthd()
    const { browser, device } = await withPasskey(authd)
    const other = authd.browser()
    await signInWithPasskey(other, device)
    const asked = (await browser.post('/v1/stepup/passkey/options')).body
    const json = { challenge_id: asked.challenge_id, credential: device.sign(asked.options) }

    expect(await other.post('/v1/stepup/passkey', { json })).toMatchObject(REFUSED)
    expect(await browser.post('/v1/stepup/passkey', { json })).toMatchObject(REFUSED)
  })

  test('of one session adds no passkey in another', async () => {
    const authd = await startAuthd()
    const [ada, eve] = [authd.browser(), authd.browser()]
    await signInOnPage(authd, ada)
    await signInOnPage(authd, eve, 'eve@example.com')
    const asked = (await ada.post('/v1/me/passkeys/options')).body
    const json = { challenge_id: asked.challenge_id, credential: deviceFor(authd).register(asked.options) }

    expect((await eve.post('/v1/me/passkeys', { json })).status).toBe(400)
    expect((await eve.get('/v1/me/passkeys')).body).toEqual([])
  })

  test('is invalid once the user is disabled', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await ask(browser)
    await disableUsers(authd.deps, SYSTEM, { names: [ADA], reason: null })

    expect(await answer(browser, device, asked)).toMatchObject(REFUSED)
  })
})
