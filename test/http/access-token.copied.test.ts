import { describe, expect, test } from 'vitest'
import { resetRecoveryCodes, resetTotp } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { MINUTE, toRfc3339 } from '../../src/platform/clock.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Reply } from '../support/http-client.ts'
import { ADA, signInForTokens, signInOnPage, type TokensOf } from '../support/people.ts'

const codeOf = ({ body }: Reply) => body?.code

async function introspect(authd: Authd, token: string) {
  const asked = { name: 'app', scopes: ['introspect' as const], expiresAt: null }
  const { token: bearer } = await createApiKey(authd.deps, SYSTEM, asked)
  return (await authd.browser().post('/v1/token/introspect', { form: { token }, bearer })).body
}

const refresh = (authd: Authd, refresh_token: string) =>
  authd.browser().post('/v1/token/refresh', { json: { refresh_token } })

/** An app of Ada's, from before she set up an authenticator app in her browser. */
async function withApp(authd: Authd) {
  const tokens = await signInForTokens(authd)
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const enrolled = await enrolTotp(authd, browser)
  authd.clock.advance(MINUTE)
  return { tokens, browser, ...enrolled }
}

/** The tokens of the app after a step-up by a code of the authenticator app, or by another proof. */
async function stepUp(authd: Authd, tokens: TokensOf, proof: string, code: string): Promise<TokensOf> {
  const { body } = await authd.browser().post(`/v1/stepup/${proof}`, { bearer: tokens.accessToken, json: { code } })
  return { ...tokens, accessToken: body.access_token, refreshToken: body.refresh_token }
}

const changes = async (authd: Authd, bearer: string) => [
  await authd.browser().send('PATCH', '/v1/me', { bearer, json: { name: 'Eve' } }),
  await authd.browser().post('/v1/me/passkeys/options', { bearer }),
  await authd.browser().post('/v1/me/totp', { bearer }),
  await authd.browser().post('/v1/me/recovery-codes', { bearer }),
  await authd.browser().post('/v1/me/email', { bearer, json: { email: 'eve@example.com' } }),
  await authd.browser().send('DELETE', '/v1/me', { bearer }),
]

describe.each(['sqlite', 'postgres'] as const)('SECURITY: a copied access token on %s', (database) => {
  test('does not rise with the step-up of its owner', async () => {
    const authd = await startAuthd({ database })
    const signedInAt = authd.clock.now()
    const { tokens, secret } = await withApp(authd)
    const claims = await introspect(authd, tokens.accessToken)

    const owner = await stepUp(authd, tokens, 'totp', totpCode(authd, secret))

    const bearer = tokens.accessToken
    const copied = await authd.browser().get('/v1/session', { bearer })
    expect(copied.body.session).toMatchObject({ aal: 1, amr: ['email'], auth_time: toRfc3339(signedInAt) })
    expect(await introspect(authd, bearer)).toEqual(claims)
    expect((await changes(authd, bearer)).map(codeOf)).toEqual(Array(6).fill('STEP_UP_REQUIRED'))
    const own = await authd.browser().get('/v1/session', { bearer: owner.accessToken })
    expect(own.body.session).toMatchObject({ aal: 2, auth_time: toRfc3339(authd.clock.now()) })
  })

  test('is not good for a policy that only its owner has met since', async () => {
    const authd = await startAuthd({ database })
    const { tokens, secret } = await withApp(authd)
    const owner = await stepUp(authd, tokens, 'totp', totpCode(authd, secret))
    await updateUser(authd.deps, SYSTEM, { user: ADA, mfaPolicy: 'required', isVerified: false })

    const copied = await authd.browser().get('/v1/me', { bearer: tokens.accessToken })

    expect([copied.status, codeOf(copied)]).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await introspect(authd, tokens.accessToken)).toEqual({ active: false })
    expect((await authd.browser().get('/v1/me', { bearer: owner.accessToken })).status).toBe(200)
  })

  test('of a step-up changes nothing after a second one', async () => {
    const authd = await startAuthd({ database })
    const { tokens, secret } = await withApp(authd)
    const first = await stepUp(authd, tokens, 'totp', totpCode(authd, secret))
    authd.clock.advance(MINUTE)

    await stepUp(authd, first, 'totp', totpCode(authd, secret))

    const bearer = first.accessToken
    expect((await changes(authd, bearer)).map(codeOf)).toEqual(Array(6).fill('STEP_UP_REQUIRED'))
  })

  test('changes nothing after its owner has made a change with it, which leaves the owner fresh', async () => {
    const authd = await startAuthd({ database })
    const { tokens, recoveryCodes } = await withApp(authd)
    const copied = await stepUp(authd, tokens, 'recovery-code', recoveryCodes[0] ?? '')
    const remake = (bearer: string) => authd.browser().post('/v1/me/recovery-codes', { bearer })

    const once = await remake(copied.accessToken)
    const twice = await remake(once.body.access_token)

    const bearer = copied.accessToken
    expect((await changes(authd, bearer)).map(codeOf)).toEqual(Array(6).fill('STEP_UP_REQUIRED'))
    expect((await refresh(authd, copied.refreshToken)).status).toBe(401)
    expect((await remake(twice.body.access_token)).status).toBe(200)
  })

  test.each(['totp', 'recovery-code'])(
    'counts for no more than its session once a %s that proved it is gone',
    async (proof) => {
      const authd = await startAuthd({ database })
      const { tokens, secret, recoveryCodes } = await withApp(authd)
      const code = proof === 'totp' ? totpCode(authd, secret) : (recoveryCodes[0] ?? '')
      const { accessToken, refreshToken } = await stepUp(authd, tokens, proof, code)
      const ada = await resolveUser(authd.deps, ADA)

      await (proof === 'totp' ? resetTotp(authd.deps, SYSTEM, ada) : resetRecoveryCodes(authd.deps, SYSTEM, ada))

      const after = await authd.browser().get('/v1/session', { bearer: accessToken })
      expect(after.body.session).toMatchObject({ aal: 1, amr: ['email'] })
      expect(await introspect(authd, accessToken)).toMatchObject({ active: true, aal: 1, amr: ['email'] })
      expect((await changes(authd, accessToken)).map(codeOf)).toEqual(Array(6).fill('STEP_UP_REQUIRED'))
      const next = await refresh(authd, refreshToken)
      expect(await introspect(authd, next.body.access_token)).toMatchObject({ aal: 1, amr: ['email'] })
      expect((await changes(authd, next.body.access_token)).map(codeOf)).toEqual(Array(6).fill('STEP_UP_REQUIRED'))
    },
  )

  test('gives a step-up with it no more than it and the proof say', async () => {
    const authd = await startAuthd({ database, config: { totp: { allow_first_factor: true } } })
    const { secret, recoveryCodes } = await withApp(authd)
    const begun = await authd.browser().post('/v1/signin', { json: { email: ADA } })
    const { attempt_token } = begun.body
    const signedIn = await authd
      .browser()
      .post('/v1/signin/totp', { json: { code: totpCode(authd, secret), attempt_token } })
    const bearer = signedIn.body.access_token
    authd.clock.advance(MINUTE)
    await authd.takeMail()
    await authd.browser().post('/v1/stepup/email', { bearer })
    const code = (await authd.takeProofMail())?.values['code']
    const owner = await authd.browser().post('/v1/stepup/code', { bearer, json: { code } })

    const copied = await authd.browser().post('/v1/stepup/recovery-code', { bearer, json: { code: recoveryCodes[0] } })

    expect(owner.body.session).toMatchObject({ aal: 2, amr: ['otp', 'email', 'mfa'] })
    expect(codeOf(copied)).toBe('STEP_UP_REQUIRED')
  })
})

describe.each(['sqlite', 'postgres'] as const)('the access token of a cookie, on %s', (database) => {
  test('replaces no secret of its session, and the cookie goes on', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { secret } = await enrolTotp(authd, browser)
    authd.clock.advance(MINUTE)
    await browser.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    const { access_token: bearer } = (await browser.post('/v1/token')).body

    const refused = [
      ...(await changes(authd, bearer)),
      await browser.post('/v1/me/recovery-codes', { bearer }),
      await browser.post('/v1/stepup/email', { bearer }),
      await browser.post('/v1/stepup/totp', { bearer, json: { code: totpCode(authd, secret) } }),
      await browser.post('/v1/stepup/passkey/options', { bearer }),
    ]

    expect(refused.map(codeOf)).toEqual(Array(10).fill('FORBIDDEN'))
    expect((await browser.get('/v1/session', { bearer })).status).toBe(200)
    expect((await browser.post('/v1/me/recovery-codes')).status).toBe(200)
    expect((await browser.get('/v1/session')).body.session.aal).toBe(2)
    expect((await browser.get('/v1/session', { bearer })).status).toBe(200)
    expect((await browser.post('/v1/logout', { bearer })).status).toBe(204)
  })
})

describe.each(['sqlite', 'postgres'] as const)('a change with the token of an app, on %s', (database) => {
  test('hands over new tokens, and leaves the cookie of the same browser alone', async () => {
    const authd = await startAuthd({ database })
    const { tokens, browser, secret } = await withApp(authd)
    const { accessToken } = await stepUp(authd, tokens, 'totp', totpCode(authd, secret))

    const changed = await browser.post('/v1/me/recovery-codes', { bearer: accessToken })

    expect(changed.headers.get('Set-Cookie')).toBeNull()
    expect((await refresh(authd, changed.body.refresh_token)).status).toBe(200)
    expect((await browser.get('/v1/session')).status).toBe(200)
  })
})
