import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { findSession } from '../../src/store/sessions.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'

async function statusOf(browser: Browser): Promise<number> {
  return (await browser.get('/v1/session')).status
}

async function rowOf(authd: Authd, cookie = '') {
  const row = await authd.deps.db.read((sql) => findSession(sql, cookie.split('.')[0] ?? ''))
  if (!row) throw new Error('no such session')
  return row
}

test('a session expires after 14 days without use', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)

  authd.clock.advance(14 * DAY - 1)
  const justBefore = await statusOf(browser)
  authd.clock.advance(14 * DAY)
  const after = await statusOf(browser)

  expect([justBefore, after]).toEqual([200, 401])
})

test('a session that is used every day expires after 30 days', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)

  const statuses = []
  for (let day = 1; day <= 30; day += 1) {
    authd.clock.advance(DAY)
    statuses.push(await statusOf(browser))
  }

  expect(statuses).toEqual([...Array.from({ length: 29 }, () => 200), 401])
})

test('the limits of a session are configurable', async () => {
  const authd = await startAuthd({ config: { session: { ttl: '2h', idle_ttl: '1h' } } })
  const browser = authd.browser()
  const done = await signInOnPage(authd, browser)

  const row = await rowOf(authd, browser.cookies.get('authd'))

  expect(row.idleExpiresAt - row.createdAt).toBe(HOUR)
  expect(row.expiresAt - row.createdAt).toBe(2 * HOUR)
  expect(done.headers.getSetCookie().join()).toContain('Max-Age=7200')
})

test('the use of a session is written at most once a minute', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const seenAt = async () => (await rowOf(authd, browser.cookies.get('authd'))).lastSeenAt
  const start = await seenAt()

  authd.clock.advance(MINUTE - SECOND)
  await statusOf(browser)
  const within = await seenAt()
  authd.clock.advance(2 * SECOND)
  await statusOf(browser)

  expect([within - start, (await seenAt()) - start]).toEqual([0, MINUTE + SECOND])
})

test('a wrong secret with a live session’s id is 401 and does not count as use', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const cookie = browser.cookies.get('authd') ?? ''
  authd.clock.advance(HOUR)

  const forged = `${cookie.split('.')[0]}.${'A'.repeat(43)}`
  const { status } = await authd.browser().get('/v1/session', { headers: { Cookie: `authd=${forged}` } })

  expect(status).toBe(401)
  expect((await rowOf(authd, cookie)).lastSeenAt).toBe((await rowOf(authd, cookie)).createdAt)
})

test('a token session has no cookie, and a cookie session has no refresh token', async () => {
  const authd = await startAuthd()
  const { sessionId, refreshToken } = await signInForTokens(authd)

  const cookie = `authd=${sessionId}.${refreshToken.split('.').at(-1)}`
  const { status } = await authd.browser().get('/v1/session', { headers: { Cookie: cookie } })

  expect(status).toBe(401)
  expect((await rowOf(authd, sessionId)).secretDigest).toBeNull()
})

test('no token outlives its session', async () => {
  const authd = await startAuthd({ config: { session: { ttl: '1h', idle_ttl: '1h' } } })
  const { refreshToken } = await signInForTokens(authd)

  authd.clock.advance(55 * MINUTE)
  const { body } = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })

  expect(body.expires_in).toBe(5 * 60)
})

test('no token outlives the idle end of its session', async () => {
  const authd = await startAuthd({ config: { session: { idle_ttl: '5m' } } })
  const { accessToken } = await signInForTokens(authd)

  const { iat = 0, exp = 0 } = decodeJwt(accessToken)

  expect(exp - iat).toBe(5 * 60)
})
