import { describe, expect, test } from 'vitest'
import { resetRecoveryCodes } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import type { CodeFactor } from '../../src/flows/policy/lockout.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { findFailureCount, setFailureCount } from '../../src/store/failed-attempts.ts'
import { insertPasskey } from '../../src/store/passkeys.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askForCode, signInOnPage } from '../support/people.ts'

async function withTotp(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const enrolled = await enrolTotp(authd, browser)
  await authd.takeMail()
  const userId: string = (await browser.get('/v1/me')).body.id
  return { browser, userId, ...enrolled }
}

async function addPasskey(authd: Authd, browser: Browser): Promise<string> {
  const added = await enrolPasskey(browser, deviceFor(authd))
  return added.body.passkey.id
}

async function codesLeft(authd: Authd): Promise<number> {
  const row = await authd.deps.db.read((sql) => sql.one<{ n: number }>('SELECT count(*) AS n FROM recovery_codes'))
  return Number(row?.n)
}

async function failuresOf(authd: Authd, userId: string) {
  const count = async (kind: CodeFactor) =>
    (await authd.deps.db.read((sql) => findFailureCount(sql, { kind, subject: userId })))?.failures ?? 0
  return { totp: await count('totp'), recovery_code: await count('recovery_code') }
}

async function setFailures(authd: Authd, userId: string, kind: CodeFactor, failures: number): Promise<void> {
  await authd.deps.db.write((trx) => setFailureCount(trx, { kind, subject: userId }, { failures, blockedUntil: null }))
}

async function reachFactor(authd: Authd) {
  const { attemptToken: attempt_token, code } = await askForCode(authd)
  const first = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
  return {
    first,
    totp: (typed: string) => authd.browser().post('/v1/signin/totp', { json: { code: typed, attempt_token } }),
  }
}

describe.each(['sqlite', 'postgres'] as const)('recovery codes end with the last factor, on %s', (database) => {
  test('the app, removed by its user', async () => {
    const authd = await startAuthd({ database })
    const { browser } = await withTotp(authd)

    const removed = await browser.send('DELETE', '/v1/me/totp')

    expect(removed.status).toBe(200)
    expect(await codesLeft(authd)).toBe(0)
  })

  test('the passkey, removed after the app', async () => {
    const authd = await startAuthd({ database })
    const { browser } = await withTotp(authd)
    const passkey = await addPasskey(authd, browser)
    await browser.send('DELETE', '/v1/me/totp')
    const between = await codesLeft(authd)

    const removed = await browser.send('DELETE', `/v1/me/passkeys/${passkey}`)

    expect([removed.status, between]).toEqual([200, 10])
    expect(await codesLeft(authd)).toBe(0)
  })

  test('the app, removed by an operator’s recovery link; not a passkey beside it', async () => {
    const authd = await startAuthd({ database })
    const { browser } = await withTotp(authd)
    await addPasskey(authd, browser)
    const recover = async (removes: ('passkey' | 'totp')[]) => {
      const asked = { name: ADA, removes, ttlMs: HOUR, mustEndSessions: false }
      const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)
      await authd.browser().post('/recover', { form: { token: new URL(url).searchParams.get('token') ?? '' } })
      return await codesLeft(authd)
    }

    const afterPasskey = await recover(['passkey'])
    const afterApp = await recover(['totp'])

    expect([afterPasskey, afterApp]).toEqual([10, 0])
  })
})

test('SECURITY: the code that confirms an authenticator app is spent', async () => {
  const authd = await startAuthd()
  const { secret } = await withTotp(authd)
  const { totp } = await reachFactor(authd)

  const same = await totp(totpCode(authd, secret))
  authd.clock.advance(30 * SECOND)
  const next = await totp(totpCode(authd, secret))

  expect([same.status, next.status]).toEqual([401, 200])
})

describe('wrong codes of a factor are forgotten', () => {
  test('of the app with a new app, and those of recovery codes stay', async () => {
    const authd = await startAuthd()
    const { browser, userId } = await withTotp(authd)
    await setFailures(authd, userId, 'totp', 99)
    await setFailures(authd, userId, 'recovery_code', 4)
    authd.clock.advance(30 * SECOND)

    await enrolTotp(authd, browser)

    expect(await failuresOf(authd, userId)).toEqual({ totp: 0, recovery_code: 4 })
  })

  test('of the app when it is removed', async () => {
    const authd = await startAuthd()
    const { browser, userId } = await withTotp(authd)
    await setFailures(authd, userId, 'totp', 99)

    await browser.send('DELETE', '/v1/me/totp')

    expect((await failuresOf(authd, userId)).totp).toBe(0)
  })

  test('of the app when a recovery link removes it', async () => {
    const authd = await startAuthd()
    const { userId } = await withTotp(authd)
    await setFailures(authd, userId, 'totp', 99)
    const asked = { name: ADA, removes: ['totp' as const], ttlMs: HOUR, mustEndSessions: false }
    const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)

    await authd.browser().post('/recover', { form: { token: new URL(url).searchParams.get('token') ?? '' } })

    expect((await failuresOf(authd, userId)).totp).toBe(0)
  })

  test('of recovery codes with new codes, and those of the app stay', async () => {
    const authd = await startAuthd()
    const { browser, userId } = await withTotp(authd)
    await setFailures(authd, userId, 'totp', 3)
    await setFailures(authd, userId, 'recovery_code', 100)

    await browser.post('/v1/me/recovery-codes')

    expect(await failuresOf(authd, userId)).toEqual({ totp: 3, recovery_code: 0 })
  })
})

test('wrong recovery codes are forgotten with the codes that an operator removes, and those of the app stay', async () => {
  const authd = await startAuthd()
  const { userId } = await withTotp(authd)
  await setFailures(authd, userId, 'totp', 3)
  await setFailures(authd, userId, 'recovery_code', 100)

  const removed = await resetRecoveryCodes(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA))

  expect(removed).toBe(true)
  expect(await failuresOf(authd, userId)).toEqual({ totp: 3, recovery_code: 0 })
})

test('where an app may be the first proof, five wrong codes a day are compared for an address', async () => {
  const authd = await startAuthd({ config: { totp: { allow_first_factor: true } } })
  const { secret } = await withTotp(authd)
  authd.clock.advance(MINUTE)
  const enter = async (code: string) => {
    const { body } = await authd.browser().post('/v1/signin', { json: { email: ADA } })
    return (await authd.browser().post('/v1/signin/totp', { json: { code, attempt_token: body.attempt_token } })).status
  }
  for (let tries = 0; tries < 5; tries += 1) await enter('000000')

  const same = await enter(totpCode(authd, secret))
  authd.clock.advance(DAY)
  const next = await enter(totpCode(authd, secret))

  expect([same, next]).toEqual([401, 200])
})

test.each<[CodeFactor, number, string[]]>([
  ['totp', 99, ['totp', 'recovery_code']],
  ['totp', 100, ['recovery_code']],
  ['recovery_code', 100, ['totp']],
])('after wrong codes, a factor is offered until it is disabled: %s, %i → %s', async (kind, failures, offered) => {
  const authd = await startAuthd()
  const { browser, userId } = await withTotp(authd)
  await setFailures(authd, userId, kind, failures)
  authd.clock.advance(6 * MINUTE)

  const { first } = await reachFactor(authd)
  const change = await browser.post('/v1/me/passkeys/options')

  expect(first.body).toMatchObject({ status: 'factor_required', factors: offered })
  expect(change).toMatchObject({ status: 403, body: { code: 'STEP_UP_REQUIRED', details: { methods: offered } } })
})

test('where an app may be the first proof, a locked app gets the answer of an unknown user', async () => {
  const authd = await startAuthd({ config: { totp: { allow_first_factor: true } } })
  const { secret, userId } = await withTotp(authd)
  await setFailures(authd, userId, 'totp', 100)
  authd.clock.advance(30 * SECOND)
  const tryAs = async (email: string) => {
    const { body } = await authd.browser().post('/v1/signin', { json: { email } })
    const json = { code: totpCode(authd, secret), attempt_token: body.attempt_token }
    const { status, body: said } = await authd.browser().post('/v1/signin/totp', { json })
    return { status, code: said.code }
  }

  expect(await tryAs(ADA)).toEqual(await tryAs('nobody@example.com'))
})

describe('a user has at most 50 passkeys', () => {
  async function fill(authd: Authd, userId: string, count: number): Promise<void> {
    await authd.deps.db.write(async (trx) => {
      for (let n = 0; n < count; n += 1) {
        const id = authd.deps.random.id('pk')
        const passkey = { id, userId, credentialId: `credential-${n}`, publicKey: 'AA', counter: 0, transports: [] }
        const more = { aaguid: '', isBackupEligible: false, isBackedUp: false, name: `key ${n}`, createdAt: 0 }
        await insertPasskey(trx, { ...passkey, ...more })
      }
    })
  }

  test('the 50th is added, and no options are given for another', async () => {
    const authd = await startAuthd()
    const { browser, userId } = await withTotp(authd)
    await fill(authd, userId, 49)

    const last = await enrolPasskey(browser, deviceFor(authd))
    const more = await browser.post('/v1/me/passkeys/options')

    expect([last.status, more.status]).toEqual([201, 409])
  })

  test('options of before do not add another', async () => {
    const authd = await startAuthd()
    const { browser, userId } = await withTotp(authd)
    const asked = await browser.post('/v1/me/passkeys/options')
    await fill(authd, userId, 50)
    const credential = deviceFor(authd).register(asked.body.options)

    const more = await browser.post('/v1/me/passkeys', { json: { challenge_id: asked.body.challenge_id, credential } })

    expect(more.status).toBe(409)
  })
})

test('SECURITY: a mail code from before a factor was enrolled does not step up', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await authd.takeMail()
  const other = authd.browser()
  await signInOnPage(authd, other)
  await other.post('/v1/stepup/email')
  const code = (await authd.takeMail()).find(({ template }) => template === 'stepup')?.values['code']
  await enrolTotp(authd, browser)

  const steppedUp = await other.post('/v1/stepup/code', { json: { code } })

  expect(code).toMatch(/^\d{6}$/)
  expect(steppedUp).toMatchObject({ status: 403, body: { code: 'STEP_UP_REQUIRED' } })
})

test('SECURITY: a fresh session of one factor changes no factor once a second one is enrolled', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const other = authd.browser()
  await signInOnPage(authd, other)
  const before = await other.post('/v1/me/passkeys/options')
  await enrolTotp(authd, browser)

  const after = [
    await other.post('/v1/me/passkeys/options'),
    await other.post('/v1/me/totp'),
    await other.send('DELETE', '/v1/me/totp'),
    await other.post('/v1/me/recovery-codes'),
  ]

  expect(before.status).toBe(200)
  expect(after.map(({ status }) => status)).toEqual([403, 403, 403, 403])
})

test('SECURITY: making codes and removing a passkey does not prolong a fresh proof', async () => {
  const authd = await startAuthd()
  const { browser } = await withTotp(authd)
  const passkey = await addPasskey(authd, browser)
  authd.clock.advance(4 * MINUTE)

  const early = [
    await browser.post('/v1/me/recovery-codes'),
    await browser.send('DELETE', `/v1/me/passkeys/${passkey}`),
  ]
  authd.clock.advance(2 * MINUTE)
  const late = await browser.post('/v1/me/recovery-codes')

  expect(early.map(({ status }) => status)).toEqual([200, 200])
  expect(late.status).toBe(403)
})

test('SECURITY: where a factor is required, a mail does not make a session whole that must enrol one', async () => {
  const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await authd.takeMail()
  authd.clock.advance(6 * MINUTE)
  await browser.post('/v1/stepup/email')
  const code = (await authd.takeProofMail())?.values['code']

  const steppedUp = await browser.post('/v1/stepup/code', { json: { code } })
  const me = await browser.get('/v1/me')

  expect(steppedUp.body).toMatchObject({ session: { enrolment_required: true } })
  expect(me).toMatchObject({ status: 403, body: { code: 'ENROLMENT_REQUIRED' } })
})
