import { describe, expect, test } from 'vitest'
import { resetTotp } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { setSetting } from '../../src/flows/operator/setting.ts'
import { amrOf, type Enrolled, levelOf, whatIsDue } from '../../src/flows/policy/factor.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { completeSignIn } from '../../src/flows/signin/complete.ts'
import { queueSigninMail } from '../../src/flows/signin/signin-mail.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, MINUTE } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { findSigninAttempt, type Proof } from '../../src/store/signin-attempts.ts'
import { lockUserByEmail } from '../../src/store/users.ts'
import { enrolTotp, totpCode, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askForCode, askOnPage, signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const
const NEWEST = 'SELECT id FROM signin_attempts ORDER BY id DESC LIMIT 1'
const TOTP_FIRST = { totp: { allow_first_factor: true } }

/** A browser that holds an attempt proven by a recovery link. The link removes nothing. */
async function recovered(authd: Authd): Promise<{ browser: Browser; attempt: string }> {
  const asked = { name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
  const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)
  const browser = authd.browser()
  const used = await browser.post('/recover', { form: { token: new URL(url).searchParams.get('token') ?? '' } })
  const attempt = /attempt=(att_\w+)/.exec(used.headers.get('Location') ?? '')?.[1] ?? ''
  return { browser, attempt }
}

/** Signs in with the authenticator app alone. */
async function withTotpAlone(authd: Authd, secret: string): Promise<Browser> {
  authd.clock.advance(MINUTE)
  const browser = authd.browser()
  await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
  await browser.post('/v1/signin/totp', { json: { code: totpCode(authd, secret) } })
  await authd.takeMail()
  return browser
}

describe.each(DATABASES)('an attempt whose first proof was a code of the app (%s)', (database) => {
  test.each<[string, (authd: Authd, secret: string) => Promise<unknown>]>([
    ['removed', async (authd) => resetTotp(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA))],
    [
      'replaced by another',
      async (authd) => {
        await resetTotp(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA))
        const browser = authd.browser()
        await signInOnPage(authd, browser)
        await enrolTotp(authd, browser)
      },
    ],
  ])('is not at level 2 with a mail after the app was %s', async (_, change) => {
    const authd = await startAuthd({ database, config: { ...TOTP_FIRST, mfa: { policy: 'required' } } })
    const owner = authd.browser()
    await signInOnPage(authd, owner)
    const { secret } = await enrolTotp(authd, owner)
    authd.clock.advance(2 * MINUTE)
    await authd.takeMail()
    const { attemptToken: attempt_token, code } = await askForCode(authd)
    const first = await authd
      .browser()
      .post('/v1/signin/totp', { json: { code: totpCode(authd, secret), attempt_token } })
    await change(authd, secret)

    const { body } = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })

    expect(first.body.status).toBe('factor_required')
    expect(body.session?.aal ?? 1).toBe(1)
    expect(body.session?.enrolment_required ?? body.status === 'factor_required').toBe(true)
  })

  test('is refused if the app was removed while its mail code was on the way', async () => {
    const authd = await startAuthd({ database, config: { ...TOTP_FIRST, mfa: { policy: 'required' } } })
    const owner = authd.browser()
    await signInOnPage(authd, owner)
    const { secret } = await enrolTotp(authd, owner)
    authd.clock.advance(2 * MINUTE)
    await authd.takeMail()
    const { attemptToken: attempt_token } = await askForCode(authd)
    await authd.browser().post('/v1/signin/totp', { json: { code: totpCode(authd, secret), attempt_token } })
    const stale = await authd.deps.db.read((sql) => findSigninAttempt(sql, attempt_token.split('.')[0] ?? ''))
    await resetTotp(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA))

    const outcome = await authd.deps.db.write(async (trx) => {
      const user = await lockUserByEmail(trx, ADA)
      if (!stale || !user) throw new Error('nobody signs in')
      return await completeSignIn(authd.deps, trx, SYSTEM, {
        attempt: stale,
        user,
        proof: 'email',
        method: 'email_code',
      })
    })

    expect(stale?.proofs).toEqual(['otp'])
    expect(outcome).toBeUndefined()
  })
})

test.each<[Proof[], 0 | 1 | 2]>([
  [[], 0],
  [['email'], 1],
  [['recovery_link'], 1],
  [['otp'], 1],
  [['recovery_code'], 1],
  [['email', 'recovery_link'], 1],
  [['otp', 'recovery_code'], 1],
  [['passkey'], 2],
  [['email', 'otp'], 2],
  [['otp', 'email'], 2],
  [['email', 'recovery_code'], 2],
  [['recovery_link', 'otp'], 2],
  [['recovery_link', 'recovery_code'], 2],
  [['email', 'passkey'], 2],
])('%s make level %i', (proofs, level) => {
  expect(levelOf(proofs)).toBe(level)
  expect(amrOf(proofs).includes('mfa')).toBe(level === 2)
})

test.each<[Proof[], Partial<Enrolled>, 'optional' | 'required', ReturnType<typeof whatIsDue>]>([
  [['recovery_link', 'email'], { passkeys: 1 }, 'optional', 'factor'],
  [['recovery_link', 'email'], {}, 'required', 'enrolment'],
  [['otp', 'recovery_code'], { hasTotp: true }, 'required', 'factor'],
  [['otp'], { hasTotp: true }, 'optional', 'nothing'],
  [['otp'], { hasTotp: true }, 'required', 'factor'],
  [['email', 'otp'], { hasTotp: true }, 'required', 'nothing'],
])('after %s of a user with %j, with mfa.policy %s, what is due is: %s', (proofs, has, policy, due) => {
  expect(whatIsDue(proofs, { passkeys: 0, hasTotp: false, recoveryCodes: 0, ...has }, policy)).toBe(due)
})

describe.each(DATABASES)('an attempt that holds a proof (%s)', (database) => {
  test('gets no mail after a recovery link: the answer is that it has ended', async () => {
    const authd = await startAuthd({ database })
    await withPasskey(authd)
    const { browser } = await recovered(authd)
    await authd.takeMail()

    const another = await browser.post('/v1/signin/email', { json: {} })
    const mails = await authd.takeMail()

    expect(another.body.code).toBe('ATTEMPT_EXPIRED')
    expect(mails).toEqual([])
  })

  test('is not continued by asking for a mail again, on the sign-in page', async () => {
    const authd = await startAuthd({ database })
    await withPasskey(authd)
    const { browser, attempt } = await recovered(authd)

    const asked = await askOnPage(authd, browser)
    const { body } = await browser.post('/v1/signin/code', { json: { code: asked.code } })

    expect(asked.attempt).not.toBe(attempt)
    expect(body).toMatchObject({ status: 'factor_required', factors: ['passkey'] })
    expect((await browser.get('/v1/session')).status).toBe(401)
  })

  test('gets no mail from a request that found it without one', async () => {
    const authd = await startAuthd({ database, config: TOTP_FIRST })
    const owner = authd.browser()
    await signInOnPage(authd, owner)
    await enrolTotp(authd, owner)
    const browser = authd.browser()
    await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
    await authd.takeMail()
    authd.clock.advance(MINUTE)

    const before = await authd.deps.db.read((sql) => sql.one<{ id: string }>(NEWEST))
    const found = before && (await authd.deps.db.read((sql) => findSigninAttempt(sql, before.id)))
    if (!found) throw new Error('no attempt')
    await authd.deps.db.write((trx) =>
      trx.run(`UPDATE signin_attempts SET proofs = '["otp"]' WHERE id = ?`, [found.id]),
    )
    const queued = await authd.deps.db.write((trx) => queueSigninMail(authd.deps, trx, SYSTEM, { attempt: found }))

    expect(found.proofs).toEqual([])
    expect(queued).toBeUndefined()
    expect(await authd.takeMail()).toEqual([])
  })
})

describe.each(DATABASES)('level 2 (%s)', (database) => {
  test('is not reached by a recovery link and a mail together', async () => {
    const authd = await startAuthd({ database })
    await signInOnPage(authd, authd.browser())
    const { browser } = await recovered(authd)
    await browser.post('/v1/stepup/email')
    const code = (await authd.takeProofMail())?.values['code']

    const stepped = await browser.post('/v1/stepup/code', { json: { code } })

    expect(stepped.body.session).toMatchObject({ aal: 1, amr: ['recovery_link', 'email'] })
  })

  test('is not reached by an authenticator app and its recovery code, which stays unspent', async () => {
    const authd = await startAuthd({ database, config: { ...TOTP_FIRST, mfa: { policy: 'required' } } })
    const owner = authd.browser()
    await signInOnPage(authd, owner)
    const { secret, recoveryCodes } = await enrolTotp(authd, owner)
    const browser = await withTotpAlone(authd, secret)

    const refused = await browser.post('/v1/signin/recovery-code', { json: { code: recoveryCodes[0] } })
    const again = await browser.post('/v1/signin/totp', { json: { code: totpCode(authd, secret, 1) } })
    const unspent = await authd.deps.db.read((sql) => sql.all('SELECT id FROM recovery_codes WHERE used_at IS NULL'))

    expect([refused.body.code, again.body.code]).toEqual(['INVALID_CREDENTIALS', 'INVALID_CREDENTIALS'])
    expect(unspent).toHaveLength(10)
    expect((await browser.get('/v1/session')).status).toBe(401)
  })

  test('is not reached by stepping up a session of the authenticator app with it or its recovery code', async () => {
    const authd = await startAuthd({ database, config: TOTP_FIRST })
    const owner = authd.browser()
    await signInOnPage(authd, owner)
    const { secret, recoveryCodes } = await enrolTotp(authd, owner)
    const browser = await withTotpAlone(authd, secret)
    authd.clock.advance(MINUTE)

    const byCode = await browser.post('/v1/stepup/recovery-code', { json: { code: recoveryCodes[0] } })
    const byApp = await browser.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    const change = await browser.post('/v1/me/recovery-codes')

    expect((await browser.get('/v1/session')).body.session).toMatchObject({ aal: 1, amr: ['otp'] })
    expect([byCode, byApp, change].map(({ body }) => body.details?.methods)).toEqual([['email'], ['email'], ['email']])
  })

  test.each([
    ['optional', 200],
    ['required', 403],
  ])(
    'is reached by a mail after the app alone, if the policy is %s now, and not by another mail later',
    async (policy, status) => {
      const authd = await startAuthd({ database, config: TOTP_FIRST })
      const owner = authd.browser()
      await signInOnPage(authd, owner)
      const { secret } = await enrolTotp(authd, owner)
      const browser = await withTotpAlone(authd, secret)
      await setSetting(authd.deps, SYSTEM, { key: 'mfa.policy', value: policy, acceptsLockout: true })
      const before = await browser.get('/v1/session')
      await browser.post('/v1/stepup/email')
      const code = (await authd.takeProofMail())?.values['code']

      const stepped = await browser.post('/v1/stepup/code', { json: { code } })
      const change = await browser.post('/v1/me/recovery-codes')
      authd.clock.advance(6 * MINUTE)
      const later = await browser.post('/v1/stepup/email')

      expect([before.status, stepped.status, change.status]).toEqual([status, 200, 200])
      expect(stepped.body.session).toMatchObject({ aal: 2, amr: ['otp', 'email', 'mfa'] })
      expect(later.body).toMatchObject({ code: 'STEP_UP_REQUIRED', details: { methods: ['totp', 'recovery_code'] } })
    },
  )
})

test('with MFA required, a mail step-up does not end the duty to enrol a factor', async () => {
  const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  authd.clock.advance(6 * MINUTE)
  await browser.post('/v1/stepup/email')
  const code = (await authd.takeProofMail())?.values['code']

  const stepped = await browser.post('/v1/stepup/code', { json: { code } })

  expect(stepped.status).toBe(200)
  expect((await browser.get('/v1/session')).body.code).toBe('ENROLMENT_REQUIRED')
})

test('with MFA required, a mail step-up buys an app no tokens', async () => {
  const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
  const { attemptToken: attempt_token, code: first } = await askForCode(authd)
  const signedIn = await authd.browser().post('/v1/signin/code', { json: { code: first, attempt_token } })
  const bearer = signedIn.body.access_token
  await authd.browser().post('/v1/stepup/email', { bearer })
  const code = (await authd.takeProofMail())?.values['code']

  const stepped = await authd.browser().post('/v1/stepup/code', { bearer, json: { code } })

  expect(stepped.body.access_token).toMatch(/^ses_/)
  expect(stepped.body.refresh_token).toBeUndefined()
})

test('with MFA required, a recovery link and a mail step-up do not end the duty to enrol a factor', async () => {
  const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
  await signInOnPage(authd, authd.browser())
  const { browser } = await recovered(authd)
  await browser.post('/v1/stepup/email')
  const code = (await authd.takeProofMail())?.values['code']

  const stepped = await browser.post('/v1/stepup/code', { json: { code } })

  expect(stepped.status).toBe(200)
  expect((await browser.get('/v1/session')).body.code).toBe('ENROLMENT_REQUIRED')
})

test('a mail code that was requested before a factor was enrolled does not step up, and is not spent', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/v1/stepup/email')
  const code = (await authd.takeProofMail())?.values['code']
  await enrolTotp(authd, browser)

  const stepped = await browser.post('/v1/stepup/code', { json: { code } })
  const used = await authd.deps.db.read((sql) =>
    sql.all("SELECT id FROM signin_attempts WHERE purpose = 'stepup' AND used_at IS NOT NULL"),
  )

  expect(stepped.body).toMatchObject({ code: 'STEP_UP_REQUIRED', details: { methods: ['totp', 'recovery_code'] } })
  expect(used).toEqual([])
})

test('an invitation does not continue an attempt that holds a proof', async () => {
  const authd = await startAuthd()
  await withPasskey(authd)
  const { browser, attempt } = await recovered(authd)
  const email = parseEmailAddress(ADA)
  await authd.deps.db.write((trx) => trx.run('UPDATE users SET email_verified_at = NULL'))
  const asked = { emails: email ? [email] : [], ttlMs: DAY, lang: 'en', mustSend: false, name: null }
  const [made] = await inviteUsers(authd.deps, SYSTEM, asked)
  await authd.takeMail()

  const token = new URL(made?.url ?? '').searchParams.get('token') ?? ''
  const accepted = await browser.post('/invite', { form: { token } })
  const mails = await authd.takeMail()

  expect(accepted.status).toBe(303)
  expect(accepted.headers.get('Location')).not.toContain(attempt)
  expect(mails.map(({ template }) => template)).toEqual(['signin'])
})
