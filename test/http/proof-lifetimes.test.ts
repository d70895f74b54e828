import { describe, expect, test } from 'vitest'
import { listLockouts } from '../../src/flows/policy/lockout-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { setFailureCount } from '../../src/store/failed-attempts.ts'
import { findUserByEmail } from '../../src/store/users.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askForCode, askOnPage, signInOnPage } from '../support/people.ts'

async function signedIn(authd: Authd): Promise<Browser> {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  return browser
}

async function idOf(authd: Authd, email = ADA): Promise<string> {
  return (await authd.deps.db.read((sql) => findUserByEmail(sql, email)))?.id ?? ''
}

/** Counts this many wrong codes of a factor. */
async function fail(authd: Authd, kind: 'totp' | 'recovery_code', failures: number): Promise<void> {
  const subject = await idOf(authd)
  await authd.deps.db.write((trx) => setFailureCount(trx, { kind, subject }, { failures, blockedUntil: null }))
}

describe('a fresh session', () => {
  test.each<[string, (authd: Authd, browser: Browser) => Promise<{ status: number }>]>([
    ['making recovery codes again', (_, browser) => browser.post('/v1/me/recovery-codes')],
    [
      'removing a passkey',
      async (_, browser) => {
        const { body } = await browser.get('/v1/me/passkeys')
        return await browser.send('DELETE', `/v1/me/passkeys/${body[0].id}`)
      },
    ],
    [
      'changing the address',
      async (authd, browser) => {
        await browser.post('/v1/me/email', { json: { email: 'ada@example.org' } })
        const code = (await authd.takeMail()).find(({ template }) => template === 'email_change')?.values['code']
        return await browser.post('/v1/me/email/confirm', { json: { code } })
      },
    ],
  ])('stays fresh five minutes from its proof, and %s does not prolong that', async (_, change) => {
    const authd = await startAuthd()
    const browser = await signedIn(authd)
    // Each proof gets a second of its own.
    authd.clock.advance(SECOND)
    await enrolTotp(authd, browser)
    authd.clock.advance(SECOND)
    // One is left when one is removed. What a factor proved would end with the last of its kind.
    await enrolPasskey(browser, deviceFor(authd))
    authd.clock.advance(SECOND)
    await enrolPasskey(browser, deviceFor(authd))
    await authd.takeMail()
    authd.clock.advance(4 * MINUTE)

    const changed = await change(authd, browser)
    // A change dates the session a millisecond back, so that tokens from before can be told apart.
    authd.clock.advance(MINUTE - 1)
    const atTheEnd = await browser.post('/v1/me/recovery-codes')
    authd.clock.advance(1)
    const after = await browser.post('/v1/me/recovery-codes')

    expect([changed.status, atTheEnd.status, after.status]).toEqual([200, 200, 403])
  })

  test('of one factor cannot change factors once two are enrolled', async () => {
    const authd = await startAuthd()
    const first = await signedIn(authd)
    const second = await signedIn(authd)
    await enrolPasskey(first, deviceFor(authd))

    const refused = await second.post('/v1/me/totp')

    expect(refused.body).toMatchObject({ code: 'STEP_UP_REQUIRED', details: { methods: ['passkey'] } })
  })
})

describe('the second proof', () => {
  test('has at least five minutes after the first, also when that came at the last moment', async () => {
    const authd = await startAuthd()
    const { secret } = await enrolTotp(authd, await signedIn(authd))
    await authd.takeMail()
    const { attemptToken: attempt_token, code } = await askForCode(authd)
    authd.clock.advance(10 * MINUTE - 1)
    await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
    authd.clock.advance(5 * MINUTE - 1)

    const json = { code: totpCode(authd, secret), attempt_token }
    expect((await authd.browser().post('/v1/signin/totp', { json })).body.status).toBe('complete')
  })

  test('comes too late after five minutes', async () => {
    const authd = await startAuthd()
    const { secret } = await enrolTotp(authd, await signedIn(authd))
    await authd.takeMail()
    const { attemptToken: attempt_token, code } = await askForCode(authd)
    authd.clock.advance(9 * MINUTE)
    await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
    authd.clock.advance(5 * MINUTE)

    const json = { code: totpCode(authd, secret), attempt_token }
    expect((await authd.browser().post('/v1/signin/totp', { json })).body.code).toBe('INVALID_CREDENTIALS')
  })
})

describe('an invitation that ends between the mail and its proof lets nobody in', () => {
  test.each(['link', 'code'] as const)('with the %s', async (way) => {
    const authd = await startAuthd({ config: { signup: { policy: 'invite' } } })
    const email = parseEmailAddress(ADA)
    const asked = { emails: email ? [email] : [], ttlMs: 5 * MINUTE, lang: 'en', mustSend: false, name: null }
    await inviteUsers(authd.deps, SYSTEM, asked)
    const browser = authd.browser()
    const { token, code } = await askOnPage(authd, browser)
    authd.clock.advance(5 * MINUTE)

    const late = await browser.post(`/v1/signin/${way}`, { json: way === 'link' ? { token } : { code } })
    const user = await authd.deps.db.read((sql) => findUserByEmail(sql, ADA))

    expect(late.body.code).toBe(way === 'link' ? 'MAGIC_LINK_EXPIRED' : 'INVALID_CREDENTIALS')
    expect(user?.emailVerifiedAt).toBeNull()
  })
})

describe('a factor that wrong codes have disabled', () => {
  test.each([
    ['totp', ['recovery_code']],
    ['recovery_code', ['totp']],
  ] as const)('(%s) is not offered', async (factor, left) => {
    const authd = await startAuthd()
    const browser = await signedIn(authd)
    await enrolTotp(authd, browser)
    await authd.takeMail()
    await fail(authd, factor, 100)
    authd.clock.advance(6 * MINUTE)
    const { attemptToken: attempt_token, code } = await askForCode(authd)

    const { body } = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
    const change = await browser.post('/v1/me/recovery-codes')

    expect(body).toMatchObject({ status: 'factor_required', factors: left })
    expect(change.body.details.methods).toEqual(left)
  })

  test('is offered with 99 wrong codes in a row', async () => {
    const authd = await startAuthd()
    await enrolTotp(authd, await signedIn(authd))
    await authd.takeMail()
    await fail(authd, 'totp', 99)
    const { attemptToken: attempt_token, code } = await askForCode(authd)

    const { body } = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })

    expect(body.factors).toContain('totp')
  })
})

describe('the count of wrong codes starts again', () => {
  test('of the app with a new app, and of recovery codes with new codes', async () => {
    const authd = await startAuthd()
    const browser = await signedIn(authd)
    await enrolTotp(authd, browser)
    await fail(authd, 'totp', 100)
    await fail(authd, 'recovery_code', 100)
    const before = await listLockouts(authd.deps, { user: ADA })

    await enrolTotp(authd, browser)
    const between = await listLockouts(authd.deps, { user: ADA })
    await browser.post('/v1/me/recovery-codes')
    const after = await listLockouts(authd.deps, { user: ADA })

    expect(before.map(({ kind }) => kind).sort()).toEqual(['recovery_code', 'totp'])
    expect(between.map(({ kind }) => kind)).toEqual(['recovery_code'])
    expect(after).toEqual([])
  })

  test('of a removed app', async () => {
    const authd = await startAuthd()
    const browser = await signedIn(authd)
    await enrolTotp(authd, browser)
    await fail(authd, 'totp', 100)

    await browser.send('DELETE', '/v1/me/totp')

    expect(await listLockouts(authd.deps, { user: ADA })).toEqual([])
  })
})

test('the code that confirms an authenticator app does not sign in as well', async () => {
  const authd = await startAuthd()
  const { secret } = await enrolTotp(authd, await signedIn(authd))
  await authd.takeMail()
  const { attemptToken: attempt_token, code } = await askForCode(authd)
  await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })

  const json = { code: totpCode(authd, secret), attempt_token }
  expect((await authd.browser().post('/v1/signin/totp', { json })).body.code).toBe('INVALID_CREDENTIALS')
})
