import { describe, expect, test } from 'vitest'
import { answerPasskey, askPasskey, signInWithPasskey, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { PasskeyDevice } from '../support/passkey-device.ts'

const DEVICE_BOUND = { isBackupEligible: false, isBackedUp: false }
const SYNCED = { isBackupEligible: true, isBackedUp: true }

async function signIn(authd: Authd, device: PasskeyDevice, counter: number): Promise<number> {
  const browser = authd.browser()
  return (await answerPasskey(browser, device, await askPasskey(browser), { counter })).status
}

async function regressions(authd: Authd) {
  const noted = (await authd.auditLog()).filter(({ eventType }) => eventType === 'webauthn.counter_regressed')
  return noted.map(({ outcome, metadata }) => ({ outcome, counter: metadata['counter'], known: metadata['known'] }))
}

describe.each(['sqlite', 'postgres'] as const)('a passkey that cannot be synced, on %s', (database) => {
  test('is rejected for a clone, with an audit event, and still works for its user', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd, DEVICE_BOUND)
    const clone = device.clone()

    const owner = await signInWithPasskey(authd.browser(), device)
    const thief = await signInWithPasskey(authd.browser(), clone)
    const ownerAgain = await signInWithPasskey(authd.browser(), device)

    expect([owner.status, thief.status, ownerAgain.status]).toEqual([200, 401, 200])
    expect(await regressions(authd)).toEqual([{ outcome: 'failure', counter: 2, known: 2 }])
  })
})

describe('the counter of a passkey', () => {
  test('of a clone creates no session, and gets the usual error', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, DEVICE_BOUND)
    const [thief, stranger] = [authd.browser(), authd.browser()]

    const cloned = await answerPasskey(thief, device, await askPasskey(thief), { counter: 1 })
    const bad = await answerPasskey(stranger, device, await askPasskey(stranger), { origin: 'https://evil.example' })

    expect(cloned).toMatchObject({ status: 401, body: { ...bad.body, request_id: expect.any(String) } })
    expect((await thief.get('/v1/session')).status).toBe(401)
  })

  test('of a clone does not step up a session', async () => {
    const authd = await startAuthd()
    const { browser, device } = await withPasskey(authd, DEVICE_BOUND)
    const asked = (await browser.post('/v1/stepup/passkey/options')).body
    const credential = device.sign(asked.options, { counter: 1 })

    const refused = await browser.post('/v1/stepup/passkey', { json: { challenge_id: asked.challenge_id, credential } })

    expect(refused).toMatchObject({ status: 401, body: { code: 'INVALID_CREDENTIALS' } })
    expect(await regressions(authd)).toEqual([{ outcome: 'failure', counter: 1, known: 1 }])
  })

  test('that falls back to zero is a regression', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, DEVICE_BOUND)

    expect(await signIn(authd, device, 0)).toBe(401)
    expect(await regressions(authd)).toEqual([{ outcome: 'failure', counter: 0, known: 1 }])
  })

  test('is stored if greater, but not if rejected', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, { ...DEVICE_BOUND, counter: 10 })

    const refused = await signIn(authd, device, 5)
    const between = await signIn(authd, device, 7)
    const greater = await signIn(authd, device, 12)
    const behind = await signIn(authd, device, 11)

    expect([refused, between, greater, behind]).toEqual([401, 401, 200, 401])
  })

  test('of a synced passkey may go back, with an audit event', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, { ...SYNCED, counter: 10 })

    expect(await signIn(authd, device, 5)).toBe(200)
    expect(await regressions(authd)).toEqual([{ outcome: 'success', counter: 5, known: 10 }])
  })

  test.each([
    ['that stays on its device', DEVICE_BOUND],
    ['that is synced', SYNCED],
  ])('a passkey %s and never counts signs in again and again, and nothing is noted', async (_, kind) => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd, { ...kind, counter: 0 })

    const first = await signIn(authd, device, 0)
    const second = await signIn(authd, device, 0)

    expect([first, second]).toEqual([200, 200])
    expect(await regressions(authd)).toEqual([])
  })
})
