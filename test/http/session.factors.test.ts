import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { resetTotp } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import { ADA, askForCode, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'

/** The status that a thief with a copy of the cookie gets. */
async function withCookie(authd: Authd, cookie: string | undefined): Promise<number> {
  return (await authd.browser().get('/v1/session', { headers: { Cookie: `authd=${cookie}` } })).status
}

describe('the former cookie is invalid after', () => {
  test.each<[string, (authd: Authd, browser: Browser) => Promise<unknown>]>([
    ['adding a passkey', (authd, browser) => enrolPasskey(browser, deviceFor(authd))],
    ['setting up an authenticator app', (authd, browser) => enrolTotp(authd, browser)],
    [
      'proving again who one is',
      async (authd, browser) => {
        await browser.post('/v1/stepup/email')
        const [mail] = await authd.takeMail()
        await browser.post('/v1/stepup/code', { json: { code: mail?.values['code'] } })
      },
    ],
    [
      'signing in again',
      async (authd, browser) => {
        await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
        const mail = await authd.takeProofMail()
        await browser.post('/v1/signin/code', { json: { code: mail?.values['code'] } })
      },
    ],
  ])('%s, and the new one lives', async (_, change) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const before = browser.cookies.get('authd')
    expect(await withCookie(authd, before)).toBe(200)
    await change(authd, browser)

    expect(browser.cookies.get('authd')).not.toBe(before)
    expect(await withCookie(authd, before)).toBe(401)
    expect(await withCookie(authd, browser.cookies.get('authd'))).toBe(200)
  })

  test('removing factors', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const added = await enrolPasskey(browser, deviceFor(authd))
    const before = browser.cookies.get('authd')
    expect((await browser.send('DELETE', `/v1/me/passkeys/${added.body.passkey.id}`)).status).toBe(200)

    expect(await withCookie(authd, before)).toBe(401)
    expect(await withCookie(authd, browser.cookies.get('authd'))).toBe(200)
  })
})

describe('the former refresh token', () => {
  const refresh = (authd: Authd, refresh_token: string) =>
    authd.browser().post('/v1/token/refresh', { json: { refresh_token } })

  /** Enrols through the API as an app does: with an access token from a step-up. */
  async function stepUp(authd: Authd, bearer: string): Promise<Reply['body']> {
    await authd.browser().post('/v1/stepup/email', { bearer })
    const mail = await authd.takeProofMail()
    return (await authd.browser().post('/v1/stepup/code', { bearer, json: { code: mail?.values['code'] } })).body
  }

  test('is invalid after a step-up, and using it does not revoke the new one', async () => {
    const authd = await startAuthd()
    const first = await signInForTokens(authd)
    authd.clock.advance(MINUTE)
    const after = await stepUp(authd, first.accessToken)
    authd.clock.advance(MINUTE)

    expect((await refresh(authd, first.refreshToken)).status).toBe(401)
    const next = await refresh(authd, after.refresh_token)
    expect(next.status).toBe(200)
    const alarms = (await authd.auditLog()).filter(({ eventType }) => eventType === 'session.reuse_detected')
    expect(alarms).toEqual([])
  })

  test('revokes the session if the next one is in use', async () => {
    const authd = await startAuthd()
    const first = await signInForTokens(authd)
    const second = await refresh(authd, first.refreshToken)
    await authd.browser().get('/v1/session', { bearer: second.body.access_token })
    authd.clock.advance(MINUTE)

    expect((await refresh(authd, first.refreshToken)).status).toBe(401)
    expect((await refresh(authd, second.body.refresh_token)).status).toBe(401)
    expect((await authd.takeMail()).map(({ template }) => template)).toContain('session_theft')
  })
})

describe('a change of who may sign in', () => {
  const CHANGES: [string, string, object | undefined][] = [
    ['POST', '/v1/me/passkeys/options', undefined],
    ['POST', '/v1/me/totp', undefined],
    ['POST', '/v1/me/totp/confirm', { code: '000000' }],
    ['DELETE', '/v1/me/totp', undefined],
    ['DELETE', '/v1/me/passkeys/pk_01m000000000000000000000000', undefined],
    ['POST', '/v1/me/recovery-codes', undefined],
    ['POST', '/v1/me/email', { email: 'new@example.com' }],
    ['DELETE', '/v1/me', undefined],
  ]

  test.each(CHANGES)('%s %s needs a proof from the last five minutes', async (method, path, json) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    authd.clock.advance(5 * MINUTE + SECOND)

    const reply = await browser.send(method, path, json === undefined ? {} : { json })
    expect(reply).toMatchObject({ status: 403, body: { code: 'STEP_UP_REQUIRED', details: { methods: ['email'] } } })
  })

  test('accepts neither a mail if a factor is enrolled, nor another user’s factor', async () => {
    const authd = await startAuthd()
    const [ada, eve] = [authd.browser(), authd.browser()]
    await signInOnPage(authd, ada)
    await signInOnPage(authd, eve, 'eve@example.com')
    await enrolTotp(authd, ada)
    const device = deviceFor(authd)
    await enrolPasskey(eve, device)
    authd.clock.advance(6 * MINUTE)

    expect((await ada.post('/v1/stepup/email')).status).toBe(403)
    const asked = (await ada.post('/v1/stepup/passkey/options')).body
    const credential = device.sign(asked.options)
    const reply = await ada.post('/v1/stepup/passkey', { json: { challenge_id: asked.challenge_id, credential } })
    expect(reply.status).toBe(401)
    expect((await ada.post('/v1/me/recovery-codes')).status).toBe(403)
  })

  test('cannot remove the last second factor if one is required', async () => {
    const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { secret } = await enrolTotp(authd, browser)

    expect(await browser.send('DELETE', '/v1/me/totp')).toMatchObject({ status: 409, body: { code: 'LAST_FACTOR' } })
    authd.clock.advance(30 * SECOND)
    await browser.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    await enrolPasskey(browser, deviceFor(authd))
    expect((await browser.send('DELETE', '/v1/me/totp')).status).toBe(200)
  })

  test.each([
    ['optional', 'required', 409],
    ['required', 'optional', 200],
  ] as const)('with the policy %s, but %s for the user, removes the last factor: %i', async (policy, own, status) => {
    const authd = await startAuthd({ config: { mfa: { policy } } })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await enrolTotp(authd, browser)
    await updateUser(authd.deps, SYSTEM, { user: ADA, mfaPolicy: own, isVerified: false })

    expect((await browser.send('DELETE', '/v1/me/totp')).status).toBe(status)
  })
})

describe('data from before the address was proven', () => {
  test('is deleted once its owner proves it: factors, and the sessions that created them', async () => {
    const authd = await startAuthd()
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    await enrolPasskey(thief, deviceFor(authd))
    await enrolTotp(authd, thief)
    // As if someone had created the account without proving the address.
    await authd.deps.db.write((trx) => trx.run('UPDATE users SET email_verified_at = NULL, first_verified_at = NULL'))
    await authd.takeMail()
    const owner = authd.browser()
    const { attempt, code } = await askOnPage(authd, owner)
    await owner.post('/signin/code', { form: { attempt, code } })

    expect((await owner.get('/v1/session')).body.session).toMatchObject({ aal: 1, amr: ['email'] })
    expect((await thief.get('/v1/session')).status).toBe(401)
    expect((await owner.get('/v1/me/passkeys')).body).toEqual([])
    const [proven] = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.email_verified')
    expect(proven?.metadata).toEqual({ dropped: ['passkey', 'totp', 'recovery_code'] })
  })
})

describe('a session', () => {
  test.each([
    ['aal1', 14 * 24 * 60, 30 * 24 * 60],
    ['aal2', 60, 24 * 60],
    ['aal3', 15, 12 * 60],
  ])('of the preset %s ends %i minutes after its last use, and %i after it began', async (preset, idle, whole) => {
    const config = { session: { preset } }
    const resting = await startAuthd({ config })
    const one = resting.browser()
    await signInOnPage(resting, one)
    resting.clock.advance(idle * MINUTE - SECOND)
    expect((await one.get('/v1/session')).status).toBe(200)
    resting.clock.advance(idle * MINUTE)
    expect((await one.get('/v1/session')).status).toBe(401)

    const busy = await startAuthd({ config })
    const two = busy.browser()
    await signInOnPage(busy, two)
    const began = busy.clock.now()
    for (const end = began + whole * MINUTE; busy.clock.now() + (idle - 1) * MINUTE < end; ) {
      busy.clock.advance((idle - 1) * MINUTE)
      expect((await two.get('/v1/session')).status).toBe(200)
    }
    busy.clock.set(began + whole * MINUTE)
    expect((await two.get('/v1/session')).status).toBe(401)
  })

  test.each(['sqlite', 'postgres'] as const)(
    'beyond the number allowed ends the ones unused longest (%s)',
    async (database) => {
      const authd = await startAuthd({ database, config: { session: { max_per_user: 3 } } })
      const browsers = Array.from({ length: 3 }, () => authd.browser())
      for (const browser of browsers) {
        await signInOnPage(authd, browser)
        authd.clock.advance(2 * MINUTE)
      }
      // The first is used again, so the second has been idle longest.
      await browsers[0]?.get('/v1/session')
      await signInOnPage(authd, authd.browser())

      const statuses = await Promise.all(browsers.map(async (browser) => (await browser.get('/v1/session')).status))
      expect(statuses).toEqual([200, 401, 200])
    },
  )

  test.each(['sqlite', 'postgres'] as const)(
    'of many begun at once no more stay than are allowed (%s)',
    async (database) => {
      const authd = await startAuthd({ database, config: { session: { max_per_user: 2 } } })
      const asked = []
      for (let at = 0; at < 6; at += 1) asked.push(await askForCode(authd))
      await Promise.all(
        asked.map(({ attemptToken: attempt_token, code }) =>
          authd.browser().post('/v1/signin/code', { json: { code, attempt_token } }),
        ),
      )

      const log = await authd.auditLog()
      const count = (type: string) => log.filter(({ eventType }) => eventType === type).length
      expect([count('session.created'), count('session.revoked')]).toEqual([6, 4])
    },
  )
})

describe('users are notified by mail', () => {
  const templates = async (authd: Authd) => (await authd.takeMail()).map(({ template, lang }) => `${template} ${lang}`)

  test('of a new device, in their language, but not of a known one', async () => {
    const authd = await startAuthd()
    const [known, other] = [authd.browser(), authd.browser()]
    const german = { headers: { 'Accept-Language': 'de' } }
    for (const browser of [known, known, other]) {
      authd.clock.advance(MINUTE)
      await browser.post('/signin', { form: { email: ADA }, ...german })
      const mail = await authd.takeProofMail()
      const attempt = new URL(mail?.values['link'] ?? '').searchParams.get('token')?.split('.')[0] ?? ''
      await browser.post('/signin/code', { form: { attempt, code: mail?.values['code'] ?? '' }, ...german })
      expect(await templates(authd)).toEqual(browser === other ? ['new_device de'] : [])
    }
    const told = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.new_device')
    expect(told).toHaveLength(1)
  })

  test('of a new device whose cookie has a value that authd did not make, and it gets another', async () => {
    const authd = await startAuthd()
    await signInOnPage(authd, authd.browser())
    const devices = [authd.browser(), authd.browser()]
    for (const browser of devices) {
      authd.clock.advance(MINUTE)
      browser.cookies.set('authd-device', 'x')
      await authd.takeMail()
      await signInOnPage(authd, browser)
      expect(await templates(authd)).toEqual(['new_device en'])
    }

    const [one, other] = devices.map((browser) => browser.cookies.get('authd-device'))
    expect(one).toMatch(/^dev_/)
    expect(other).not.toBe(one)
  })

  test('of each added or removed factor, and of a used recovery code', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const added = await enrolPasskey(browser, deviceFor(authd))
    expect(await templates(authd)).toEqual(['passkey_added en'])
    const { recoveryCodes } = await enrolTotp(authd, browser)
    expect(await templates(authd)).toEqual(['totp_enabled en', 'recovery_codes_made en'])
    await browser.post('/v1/stepup/recovery-code', { json: { code: recoveryCodes[1] } })
    expect(await templates(authd)).toEqual(['recovery_code_used en'])
    await browser.send('DELETE', `/v1/me/passkeys/${added.body.passkey.id}`)
    await browser.send('DELETE', '/v1/me/totp')
    expect(await templates(authd)).toEqual(['passkey_removed en', 'totp_removed en'])
  })
})

describe.each(['sqlite', 'postgres'] as const)('a proof of a removed factor (%s)', (database) => {
  test('does not count for one that is set up later, in whichever session', async () => {
    const authd = await startAuthd({ database })
    const [first, second] = [authd.browser(), authd.browser()]
    await signInOnPage(authd, first)
    await enrolTotp(authd, first)
    const removed = await first.send('DELETE', '/v1/me/totp')
    const level = (await first.get('/v1/session')).body.session
    await signInOnPage(authd, second)
    await enrolTotp(authd, second)

    const refused = await first.send('DELETE', '/v1/me/totp')

    expect([removed.status, level.aal, level.amr]).toEqual([200, 1, ['email']])
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'STEP_UP_REQUIRED', details: { methods: ['totp', 'recovery_code'] } },
    })
  })

  test('does not count by a recovery code that stood in for it', async () => {
    const authd = await startAuthd({ database })
    const [first, second] = [authd.browser(), authd.browser()]
    await signInOnPage(authd, first)
    const { recoveryCodes } = await enrolTotp(authd, first)
    await enrolPasskey(first, deviceFor(authd))
    await authd.takeMail()
    await second.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
    await second.post('/v1/signin/code', { json: { code: (await authd.takeProofMail())?.values['code'] } })
    await second.post('/v1/signin/recovery-code', { json: { code: recoveryCodes[0] } })
    const before = (await second.get('/v1/session')).body.session

    await resetTotp(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA))

    expect(before).toMatchObject({ aal: 2, amr: ['email', 'recovery_code', 'mfa'] })
    expect((await second.get('/v1/session')).body.session).toMatchObject({ aal: 1, amr: ['email'] })
  })

  test('still counts in the sessions of another user', async () => {
    const authd = await startAuthd({ database })
    const [own, others] = [authd.browser(), authd.browser()]
    await signInOnPage(authd, own)
    await enrolTotp(authd, own)
    await signInOnPage(authd, others, 'bob@example.com')
    await enrolTotp(authd, others)

    await own.send('DELETE', '/v1/me/totp')

    expect((await others.get('/v1/session')).body.session.aal).toBe(2)
  })

  test('of another passkey still counts in the session that removes one', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await enrolPasskey(browser, deviceFor(authd))
    const { body } = await enrolPasskey(browser, deviceFor(authd))

    await browser.send('DELETE', `/v1/me/passkeys/${body.passkey.id}`)

    expect((await browser.get('/v1/session')).body.session.aal).toBe(2)
  })

  test('leaves a session short of a policy that requires two factors', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await enrolTotp(authd, browser)

    await resetTotp(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA))
    await updateUser(authd.deps, SYSTEM, { user: ADA, mfaPolicy: 'required', isVerified: false })

    expect((await browser.get('/v1/session')).body.code).toBe('ENROLMENT_REQUIRED')
  })
})

test('a token from before a step-up changes nothing, also within the same second', async () => {
  const authd = await startAuthd()
  const { accessToken: bearer } = await signInForTokens(authd)
  await authd.browser().post('/v1/stepup/email', { bearer })
  const code = (await authd.takeProofMail())?.values['code']
  const proven = await authd.browser().post('/v1/stepup/code', { bearer, json: { code } })

  const before = await authd.browser().send('PATCH', '/v1/me', { bearer, json: { name: 'Eve' } })
  const after = await authd
    .browser()
    .send('PATCH', '/v1/me', { bearer: proven.body.access_token, json: { name: 'Ada' } })

  expect([before.body.code, after.status]).toEqual(['STEP_UP_REQUIRED', 200])
})

test('SECURITY: the time of a proof is never in the future, however fast proofs follow each other', async () => {
  const authd = await startAuthd()
  const { accessToken: first } = await signInForTokens(authd)
  const stepUp = async (bearer: string) => {
    await authd.browser().post('/v1/stepup/email', { bearer })
    const code = (await authd.takeProofMail())?.values['code']
    return (await authd.browser().post('/v1/stepup/code', { bearer, json: { code } })).body
  }
  const second = await stepUp(first)
  const third = await stepUp(second.access_token)

  const rename = (bearer: string) => authd.browser().send('PATCH', '/v1/me', { bearer, json: { name: 'Ada' } })
  const changes = [await rename(first), await rename(second.access_token), await rename(third.access_token)]

  const times = [second, third].map(({ access_token }) => decodeJwt(access_token)['auth_time'] as number)
  expect(times.filter((time) => time * SECOND > authd.clock.now())).toEqual([])
  expect(changes.map(({ status }) => status)).toEqual([403, 403, 200])
})

test('a session that had to set up a factor counts once the policy does not require one any more', async () => {
  const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const before = await browser.get('/v1/session')

  await updateUser(authd.deps, SYSTEM, { user: ADA, mfaPolicy: 'optional', isVerified: false })

  expect([before.status, (await browser.get('/v1/session')).status]).toEqual([403, 200])
})
