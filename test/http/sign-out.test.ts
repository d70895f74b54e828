import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'

async function isActive(authd: Authd, token: string): Promise<boolean> {
  const key = await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes: ['introspect'], expiresAt: null })
  const reply = await authd.browser().post('/v1/token/introspect', { form: { token }, bearer: key.token })
  return reply.body.active
}

async function statusOf(authd: Authd, cookie: string | undefined): Promise<number> {
  return (await authd.browser().get('/v1/session', { headers: { Cookie: `authd=${cookie}` } })).status
}

describe('a sign-in over a live session', () => {
  test('ends the old cookie and creates another session with another secret', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const old = browser.cookies.get('authd')

    await signInOnPage(authd, browser)

    const fresh = browser.cookies.get('authd')
    expect(fresh?.split('.')[0]).not.toBe(old?.split('.')[0])
    expect([await statusOf(authd, old), await statusOf(authd, fresh)]).toEqual([401, 200])
  })

  test('never uses a session id from the browser', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    const planted = `ses_${'0'.repeat(26)}.${'A'.repeat(43)}`
    browser.cookies.set('authd', planted)

    await signInOnPage(authd, browser)

    expect(browser.cookies.get('authd')).not.toContain('0'.repeat(26))
    expect(await statusOf(authd, planted)).toBe(401)
  })

  test('does not end it if the proof is wrong', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { attempt } = await askOnPage(authd, browser, 'bob@example.com')

    await browser.post('/signin/code', { form: { attempt, code: '000000' } })

    expect(await statusOf(authd, browser.cookies.get('authd'))).toBe(200)
  })
})

describe.each(['sqlite', 'postgres'] as const)('signing out on %s', (database) => {
  test('clears the cookie and ends the session at once, also in another process', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const cookie = browser.cookies.get('authd')
    const before = await statusOf(other, cookie)

    const out = await browser.post('/v1/logout')

    const [line] = out.headers.getSetCookie()
    expect(line).toBe('authd=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax')
    expect([before, out.status, await statusOf(authd, cookie), await statusOf(other, cookie)]).toEqual([
      200, 204, 401, 401,
    ])
  })

  test('revokes refresh token, access token and introspection at once', async () => {
    const authd = await startAuthd({ database })
    const { accessToken, refreshToken } = await signInForTokens(authd)
    const before = [await isActive(authd, accessToken), await isActive(authd, refreshToken)]

    await authd.browser().post('/v1/logout', { bearer: accessToken })

    const refreshed = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
    expect(before).toEqual([true, true])
    expect([await isActive(authd, accessToken), await isActive(authd, refreshToken)]).toEqual([false, false])
    expect(refreshed.status).toBe(401)
  })
})

describe('signing out', () => {
  test.each([
    ['current', [401, 200, 200]],
    ['others', [200, 401, 200]],
    ['all', [401, 401, 200]],
  ])('of %s ends exactly these', async (scope, expected) => {
    const authd = await startAuthd()
    const here = await signInForTokens(authd)
    const there = await signInForTokens(authd)
    const bob = await signInForTokens(authd, 'bob@example.com')

    const out = await authd.browser().post(`/v1/logout?scope=${scope}`, { bearer: here.accessToken })

    const statuses = []
    for (const { accessToken } of [here, there, bob]) {
      statuses.push((await authd.browser().get('/v1/session', { bearer: accessToken })).status)
    }
    expect(out.status).toBe(204)
    expect(statuses).toEqual(expected)
  })

  test('everywhere forgets known devices, so that this browser counts as an unknown one', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const known = await authd.deps.db.read((sql) => sql.all('SELECT user_id FROM devices'))

    await browser.post('/v1/logout?scope=all')

    expect(known).toHaveLength(1)
    expect(await authd.deps.db.read((sql) => sql.all('SELECT user_id FROM devices'))).toEqual([])
  })

  test.each(['current', 'others'])('of %s leaves the devices known', async (scope) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)

    const out = await browser.post(`/v1/logout?scope=${scope}`)

    expect(out.status).toBe(204)
    expect(await authd.deps.db.read((sql) => sql.all('SELECT user_id FROM devices'))).toHaveLength(1)
  })

  test('on the page clears the cookie; repeating it is not an error', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)

    const first = await browser.post('/signout', { form: {} })
    const second = await browser.post('/signout', { form: {} })

    expect([first.status, second.status]).toEqual([303, 303])
    expect(browser.cookies.has('authd')).toBe(false)
  })

  test('is in the audit log with user, session and reason', async () => {
    const authd = await startAuthd()
    const { accessToken, sessionId, userId } = await signInForTokens(authd, ADA)

    await authd.browser().post('/v1/logout', { bearer: accessToken })

    expect((await authd.auditLog()).at(-1)).toMatchObject({
      eventType: 'session.revoked',
      sessionId,
      actor: `user:${userId}`,
      metadata: { reason: 'signed_out' },
    })
  })
})
