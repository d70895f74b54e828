import { describe, expect, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { setSetting, unsetSetting } from '../../src/flows/operator/setting.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

const requireFactors = (authd: Authd) =>
  setSetting(authd.deps, SYSTEM, { key: 'mfa.policy', value: 'required', acceptsLockout: true })

/** The answers of the calls that a session is for. */
async function uses(browser: Browser) {
  const replies = [await browser.get('/v1/session'), await browser.post('/v1/token'), await browser.get('/v1/me')]
  return replies.map(({ status, body }) => [status, body.code])
}

async function isActive(authd: Authd, token: string): Promise<boolean> {
  const { token: bearer } = await createApiKey(authd.deps, SYSTEM, {
    ...{ name: 'app', scopes: [...ADMIN_SCOPES, 'introspect'], expiresAt: null },
  })
  return (await authd.browser().post('/v1/token/introspect', { bearer, form: { token } })).body.active
}

describe.each(['sqlite', 'postgres'] as const)('once a second factor is required (%s)', (database) => {
  test('a session of a user without one can only set one up', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)

    await requireFactors(authd)
    const before = await uses(browser)
    const page = await browser.get('/account')
    const added = await enrolPasskey(browser, deviceFor(authd))
    const after = await browser.get('/v1/session')

    expect(before).toEqual(Array.from({ length: 3 }, () => [403, 'ENROLMENT_REQUIRED']))
    expect(page.headers.get('Location')).toBe('/account/enrol')
    expect([added.status, after.status]).toEqual([201, 200])
  })

  test('a session of a user who has one must prove it', async () => {
    const authd = await startAuthd({ database })
    const first = authd.browser()
    await signInOnPage(authd, first)
    const other = authd.browser()
    await signInOnPage(authd, other)
    const { secret } = await enrolTotp(authd, first)

    await requireFactors(authd)
    const before = await uses(other)
    const page = await other.get('/account')
    authd.clock.advance(MINUTE)
    const proven = await other.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    const after = await other.get('/v1/session')

    expect(before).toEqual(Array.from({ length: 3 }, () => [403, 'STEP_UP_REQUIRED']))
    expect(page.headers.get('Location')).toContain('/account/confirm')
    expect([proven.status, after.status]).toEqual([200, 200])
  })

  test('tokens of one factor count for nothing, and count again if it is not required any more', async () => {
    const authd = await startAuthd({ database })
    const { accessToken, refreshToken } = await signInForTokens(authd)

    await requireFactors(authd)
    const active = [await isActive(authd, accessToken), await isActive(authd, refreshToken)]
    const session = await authd.browser().get('/v1/session', { bearer: accessToken })
    const refreshed = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
    await unsetSetting(authd.deps, SYSTEM, { key: 'mfa.policy', acceptsLockout: false })
    const again = await authd.browser().get('/v1/session', { bearer: accessToken })

    expect(active).toEqual([false, false])
    expect([session.body.code, refreshed.body.code, again.status]).toEqual(['ENROLMENT_REQUIRED', 'EXPIRED_TOKEN', 200])
  })

  test('of one user, only the sessions of that user fall short', async () => {
    const authd = await startAuthd({ database })
    const ada = authd.browser()
    const bob = authd.browser()
    await signInOnPage(authd, ada)
    await signInOnPage(authd, bob, 'bob@example.com')

    await updateUser(authd.deps, SYSTEM, { user: ADA, mfaPolicy: 'required', isVerified: false })

    expect([(await ada.get('/v1/session')).status, (await bob.get('/v1/session')).status]).toEqual([403, 200])
  })
})
