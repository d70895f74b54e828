import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { mayRepeat } from '../../src/flows/repetition/may-repeat.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { enrolTotp, totpCode, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askForCode, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'
import { copyOf, fillForm } from '../support/pressing.ts'

const headers = { 'Idempotency-Key': '8e03978e-40d5-43e8-bc93-6894a57f9324' }
const MADE_UP = 'A'.repeat(43)
const EVE = 'eve@example.com'

async function withApp(authd: Authd, email = ADA) {
  const browser = authd.browser()
  await signInOnPage(authd, browser, email)
  const { secret, recoveryCodes } = await enrolTotp(authd, browser)
  return { browser, secret, recoveryCodes, userId: (await browser.get('/v1/me')).body.id as string }
}

async function operator(authd: Authd) {
  const asked = { name: 'op', scopes: ['users:write' as const, 'sessions:write' as const], expiresAt: null }
  const { token: bearer } = await createApiKey(authd.deps, SYSTEM, asked)
  const act = (method: string, path: string, json?: object) =>
    authd.browser().send(method, path, { bearer, ...(json && { json }) })
  return {
    disable: (id: string) => act('POST', `/admin/users/${id}/disable`, {}),
    revoke: (id: string) => act('DELETE', `/admin/users/${id}/sessions`),
    remove: (id: string) => act('DELETE', `/admin/users/${id}`),
  }
}

describe.each(['sqlite', 'postgres'] as const)('SECURITY: after the end of its session, on %s', (database) => {
  const ENDS: Record<string, (authd: Authd, owner: { browser: Browser; userId: string }) => Promise<unknown>> = {
    'signing out': (_, { browser }) => browser.post('/v1/logout'),
    'a revocation': async (authd, { userId }) => (await operator(authd)).revoke(userId),
    'disabling the user': async (authd, { userId }) => (await operator(authd)).disable(userId),
    'deleting the user': async (authd, { userId }) => (await operator(authd)).remove(userId),
  }

  test.each(Object.keys(ENDS))('%s, no cookie gets recovery codes again by their key', async (end) => {
    const authd = await startAuthd({ database })
    const owner = await withApp(authd)
    const former = copyOf(authd, owner.browser)
    const made = await owner.browser.post('/v1/me/recovery-codes', { headers })
    const newest = copyOf(authd, owner.browser)
    await ENDS[end]?.(authd, owner)

    const replies = [
      await former.post('/v1/me/recovery-codes', { headers }),
      await newest.post('/v1/me/recovery-codes', { headers }),
    ]

    expect(made.status).toBe(200)
    expect(replies.map(({ status }) => status)).toEqual([401, 401])
    expect(replies.flatMap((reply) => reply.headers.getSetCookie())).toEqual([])
  })

  test.each(['a revocation', 'disabling the user'])('%s, a proof of its sign-in gives nothing again', async (end) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    const { attempt, code } = await askOnPage(authd, browser)
    const copy = copyOf(authd, browser)
    await browser.post('/signin/code', { form: { attempt, code } })
    const api = await askForCode(authd, EVE)
    const json = { code: api.code, attempt_token: api.attemptToken }
    const signedIn = await authd.browser().post('/v1/signin/code', { json })
    for (const userId of [(await browser.get('/v1/me')).body.id, signedIn.body.session.user_id]) {
      await ENDS[end]?.(authd, { browser, userId })
    }

    const onPage = await copy.post('/signin/code', { form: { attempt, code } })
    const byCall = await authd.browser().post('/v1/signin/code', { json })

    expect(onPage.headers.getSetCookie().filter((text) => text.startsWith('authd='))).toEqual([])
    expect(byCall.status).toBe(401)
  })

  test('introspection and refresh take no key: they see it at once', async () => {
    const authd = await startAuthd({ database })
    const tokens = await signInForTokens(authd)
    const { token: bearer } = await createApiKey(authd.deps, SYSTEM, {
      ...{ name: 'api', scopes: ['introspect'], expiresAt: null },
    })
    const json = { refresh_token: tokens.refreshToken }
    const refreshed = await authd.browser().post('/v1/token/refresh', { json, headers })
    const form = { token: refreshed.body.access_token }
    const ask = () => authd.browser().post('/v1/token/introspect', { bearer, form, headers })
    const before = await ask()
    await authd.browser().post('/v1/logout', { bearer: refreshed.body.access_token })

    const [after, again] = [await ask(), await authd.browser().post('/v1/token/refresh', { json, headers })]

    expect([before.body.active, after.body.active, again.status]).toEqual([true, false, 401])
  })
})

describe('SECURITY: an answer is given again to the one credential that the first request proved', () => {
  test.each(['authd', 'authd-attempt'])('a proof, not to another %s cookie of that browser', async (name) => {
    const authd = await startAuthd()
    const shared = authd.browser()
    await (name === 'authd' ? signInOnPage(authd, shared, EVE) : askOnPage(authd, shared, EVE))
    const eves = shared.cookies.get(name) ?? ''
    const { attempt, code } = await askOnPage(authd, shared)
    await shared.post('/signin/code', { form: { attempt, code } })
    const eve = authd.browser()
    eve.cookies.set('authd-attempt', `${attempt}.${MADE_UP}`)
    eve.cookies.set(name, eves)

    await eve.post('/signin/code', { form: { attempt, code } })
    await eve.post('/v1/signin/code', { json: { code } })

    expect((await eve.get('/v1/me')).body.email).not.toBe(ADA)
  })

  test('a change, not to an attempt of that browser with the public id of the session', async () => {
    const authd = await startAuthd()
    const shared = authd.browser()
    await askOnPage(authd, shared, EVE)
    const eves = shared.cookies.get('authd-attempt') ?? ''
    await signInOnPage(authd, shared)
    const { secret } = await enrolTotp(authd, shared)
    authd.clock.advance(30 * SECOND)
    const page = await shared.get('/account/confirm')
    const form = fillForm(page.body, '/account/confirm', { method: 'totp', code: totpCode(authd, secret) })
    const { id } = (await shared.get('/v1/session')).body.session
    await shared.post('/account/confirm', { form })
    await shared.post('/v1/me/recovery-codes', { headers })
    const eve = authd.browser()
    eve.cookies.set('authd-attempt', eves)
    const withId = copyOf(authd, eve)
    withId.cookies.set('authd', `${id}.${MADE_UP}`)

    const codes = await withId.post('/v1/me/recovery-codes', { headers })
    await eve.post('/account/confirm', { form })

    expect(codes.status).toBe(401)
    expect([(await eve.get('/v1/session')).status, (await withId.get('/v1/session')).status]).toEqual([401, 401])
  })

  test('an access token from before a step-up gets nothing that was made after it', async () => {
    const authd = await startAuthd()
    const { accessToken: first } = await signInForTokens(authd)
    authd.clock.advance(6 * MINUTE)
    await authd.browser().post('/v1/stepup/email', { bearer: first, json: {} })
    const code = (await authd.takeProofMail())?.values['code']
    const { body: fresh } = await authd.browser().post('/v1/stepup/code', { bearer: first, json: { code } })
    const begun = await authd.browser().post('/v1/me/totp', { bearer: fresh.access_token })
    const json = { code: totpCode(authd, begun.body.secret) }
    const { body: enrolled } = await authd.browser().post('/v1/me/totp/confirm', { bearer: fresh.access_token, json })
    const made = await authd.browser().post('/v1/me/recovery-codes', { bearer: enrolled.access_token, headers })

    const byOld = await authd.browser().post('/v1/me/recovery-codes', { bearer: first, headers })

    expect([made.status, byOld.status]).toEqual([200, 403])
  })

  test('a form of a page without an attempt, not without the cookie of that page', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const page = await browser.get('/signin')
    const asked = JSON.parse((/data-asked="([^"]*)"/.exec(page.body)?.[1] ?? '').replaceAll('&quot;', '"'))
    const credential = JSON.stringify(device.sign(asked.options))
    const form = fillForm(page.body, '/signin/passkey', { challenge_id: asked.challenge_id, credential })
    const own = await browser.post('/signin/passkey', { form })

    const thief = authd.browser()
    await thief.post('/signin/passkey', { form })

    expect(own.status).toBe(303)
    expect((await thief.get('/v1/session')).status).toBe(401)
  })

  test('a call with a key gets its answer again for ten minutes, also beside an older attempt', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await askOnPage(authd, browser, EVE)
    const send = () => browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' }, headers })
    const first = await send()
    authd.clock.advance(MINUTE)

    const again = await copyOf(authd, browser).post('/v1/signin', {
      ...{ json: { email: ADA, deliver: 'cookie' }, headers },
    })

    expect([first.status, again.status]).toEqual([201, 201])
  })

  test('a sign-in with a key gets its answer again by the cookie that it set', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
    const json = { code: (await authd.takeProofMail())?.values['code'] }
    const first = await browser.post('/v1/signin/code', { json, headers })
    authd.clock.advance(MINUTE)

    const again = await browser.post('/v1/signin/code', { json, headers })

    expect([first.status, again.status]).toEqual([200, 200])
    expect((await browser.get('/v1/session')).status).toBe(200)
  })

  test('a replaced cookie counts for ten seconds also with a key, and then gets nothing', async () => {
    const authd = await startAuthd()
    const { browser } = await withApp(authd)
    const former = copyOf(authd, browser)
    const made = await browser.post('/v1/me/recovery-codes', { headers })

    const soon = await copyOf(authd, former).post('/v1/me/recovery-codes', { headers })
    authd.clock.advance(11 * SECOND)
    const late = await former.post('/v1/me/recovery-codes', { headers })
    const newest = await browser.post('/v1/me/recovery-codes', { headers })

    expect([soon.body, late.status, newest.body]).toEqual([made.body, 401, made.body])
  })

  test.each(['code', 'link'] as const)(
    'a %s and the token of its attempt give nothing to a browser without that cookie, before or after its own',
    async (kind) => {
      const authd = await startAuthd()
      const browser = authd.browser()
      const begun = await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
      const mail = await authd.takeProofMail()
      const token = new URL(mail?.values['link'] ?? '').searchParams.get('token')
      const proof = kind === 'code' ? { code: mail?.values['code'] } : { token }
      const json = { ...proof, attempt_token: begun.body.attempt_token }
      const send = (from: Browser) => from.post(`/v1/signin/${kind}`, { json })

      const before = await send(authd.browser())
      const own = await send(browser)
      const after = await send(authd.browser())

      expect(own.body.status).toBe('complete')
      for (const { headers: got, body } of [before, after]) {
        expect(got.getSetCookie()).toEqual([])
        expect(body.status).not.toBe('complete')
      }
    },
  )

  test('a look at a link from elsewhere does not become the answer of its own browser', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    const { token } = await askOnPage(authd, browser)

    const elsewhere = await authd.browser().post('/v1/signin/link', { json: { token } })
    const own = await browser.post('/v1/signin/link', { json: { token } })

    expect([elsewhere.body.status, own.body.status]).toEqual(['continue_elsewhere', 'complete'])
  })
})

describe('a request with a key', () => {
  test('is another request once its answer has expired', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const rename = async (name: string) => (await browser.send('PATCH', '/v1/me', { headers, json: { name } })).status
    await rename('Ada')
    authd.clock.advance(10 * MINUTE - 1)
    const within = await rename('Countess')
    authd.clock.advance(1)

    expect([within, await rename('Countess')]).toEqual([422, 200])
  })

  test('whose query differs is another request', async () => {
    const authd = await startAuthd()
    const [here, there] = [authd.browser(), authd.browser()]
    await signInOnPage(authd, here)
    await signInOnPage(authd, there)
    const others = await here.post('/v1/logout?scope=others', { headers })

    const all = await here.post('/v1/logout?scope=all', { headers })

    expect([others.status, all.status]).toEqual([204, 422])
  })

  test('is not done again after another one has renewed the session', async () => {
    const authd = await startAuthd()
    const { browser } = await withApp(authd)
    const first = await browser.post('/v1/me/recovery-codes', { headers })
    await browser.post('/v1/me/recovery-codes', { headers: { 'Idempotency-Key': 'another-0123456789' } })

    const again = await browser.post('/v1/me/recovery-codes', { headers })

    expect(again.body).toEqual(first.body)
  })

  test.each([0, 31])('that was interrupted is not done again, %i seconds later', async (seconds) => {
    const authd = await startAuthd()
    const send = () => authd.browser().post('/v1/signin', { json: { email: ADA }, headers })
    await send()
    await authd.takeMail()
    // What a kill between the two commits leaves.
    await authd.deps.db.write((trx) => trx.run('UPDATE answers SET sealed = NULL'))
    authd.clock.advance(seconds * SECOND)

    const again = await send()

    expect(again).toMatchObject({ status: 409, body: { code: 'REQUEST_IN_PROGRESS' } })
    expect(again.headers.get('Retry-After')).toBe(seconds === 0 ? '1' : null)
    expect(await authd.takeMail()).toEqual([])
  })

  test('whose work has just ended the session is still under way for its own caller, and has no answer for anybody', async () => {
    const authd = await startAuthd()
    const now = authd.clock.now()
    const ended = 'ses_00000000000000000000000000'
    const holder = { caller: ended, authTime: now, cookieDigest: null, isEnding: false, soonUntil: now + 30 * SECOND }
    const stored = { id: '', bodyDigest: '', holder, sessionId: ended, createdAt: now, expiresAt: now + MINUTE }
    const proven = { id: ended, authTime: now, cookieDigest: null, isNewest: true }
    const caller = {
      proven,
      cookieDigests: [],
      attempts: [],
      attemptCookies: [],
      visit: undefined,
      address: '192.0.2.1',
    }
    const may = (sealed: string | null, by = caller) =>
      authd.deps.db.read((sql) => mayRepeat(authd.deps, sql, { ...stored, sealed }, { caller: by, kind: 'key' }))

    const other = { ...caller, proven: { ...proven, id: 'ses_00000000000000000000000001' } }
    expect([await may(null), await may(null, other), await may('sealed')]).toEqual([true, false, false])
  })

  test('that was refused for a limit is tried again after its Retry-After', async () => {
    const authd = await startAuthd()
    const { browser, recoveryCodes } = await withApp(authd)
    for (let count = 0; count < 7; count += 1) {
      await browser.post('/v1/stepup/recovery-code', { json: { code: 'AAAAA-AAAAA-AAAAA-AAAAA' } })
    }
    const json = { code: recoveryCodes[0] }
    const refused = await browser.post('/v1/stepup/recovery-code', { json, headers })
    authd.clock.advance((Number(refused.headers.get('Retry-After')) + 1) * SECOND)

    const again = await browser.post('/v1/stepup/recovery-code', { json, headers })

    expect([refused.status, again.status]).toEqual([429, 200])
  })

  test('SECURITY: counts against its limit each time', async () => {
    const authd = await startAuthd({ config: { limits: { requests_per_minute: 5 } } })
    const send = () => authd.browser().post('/v1/signin', { json: { email: ADA }, headers })
    const statuses: number[] = []
    for (let count = 0; count < 8; count += 1) statuses.push((await send()).status)

    expect(statuses).toEqual([...Array(5).fill(201), ...Array(3).fill(429)])
  })

  test('SECURITY: leaves nothing of a deleted user', async () => {
    const authd = await startAuthd()
    const { browser, userId } = await withApp(authd)
    await browser.post('/v1/me/recovery-codes', { headers })
    const form = fillForm((await browser.get('/account/recovery-codes')).body, '/account/recovery-codes')
    await browser.post('/account/recovery-codes', { form })
    await (await operator(authd)).remove(userId)

    const left = await authd.deps.db.read((sql) => sql.all('SELECT id FROM answers WHERE session_id IS NOT NULL'))

    expect(left).toEqual([])
  })
})
