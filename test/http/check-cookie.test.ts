import { expect, test } from 'vitest'
import { allEndpoints } from '../../src/http/app.ts'
import { DAY } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { signInOnPage } from '../support/people.ts'

const OTHERS = allEndpoints({ version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }).filter(
  ({ guard, method, path }) =>
    typeof guard === 'string' && guard !== 'none' && `${method} ${path}` !== 'GET /v1/session',
)

test('the cookie for apps on other hosts tells who is signed in, and is good for nothing else', async () => {
  const authd = await startAuthd({
    config: { public_url: 'https://auth.example.com', session: { cookie_domain: 'example.com' } },
  })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const Cookie = `__Secure-authd-check=${browser.cookies.get('__Secure-authd-check')}`
  const headers = { Cookie, Host: 'auth.example.com', Origin: 'https://auth.example.com' }

  const asked = await exchange(`${authd.address}/v1/session`, { method: 'GET', headers })
  const statuses = []
  for (const { method, path } of OTHERS) {
    statuses.push((await exchange(authd.address + path.replace(':id', 'x'), { method, headers })).status)
  }

  expect(asked.status).toBe(200)
  expect(statuses).toEqual(OTHERS.map(() => 401))
})

test('a session that a wrong clock began ends when it should, also if only the cookie for other hosts is used', async () => {
  const authd = await startAuthd({
    config: {
      public_url: 'https://auth.example.com',
      session: { cookie_domain: 'example.com', ttl: '2d', idle_ttl: '2d' },
    },
  })
  const browser = authd.browser()
  authd.clock.advance(30 * DAY)
  await signInOnPage(authd, browser)
  authd.clock.advance(-30 * DAY)
  const Cookie = `__Secure-authd-check=${browser.cookies.get('__Secure-authd-check')}`
  const headers = { Cookie, Host: 'auth.example.com', Origin: 'https://auth.example.com' }
  const ask = async () => (await exchange(`${authd.address}/v1/session`, { method: 'GET', headers })).status

  const now = await ask()
  authd.clock.advance(3 * DAY)
  const later = await ask()

  expect([now, later]).toEqual([200, 401])
})

test('the cookie for apps on other hosts does not prolong the session', async () => {
  const authd = await startAuthd({
    config: { public_url: 'https://auth.example.com', session: { cookie_domain: 'example.com' } },
  })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const Cookie = `__Secure-authd-check=${browser.cookies.get('__Secure-authd-check')}`
  const headers = { Cookie, Host: 'auth.example.com', Origin: 'https://auth.example.com' }
  const dates = () => authd.deps.db.read((sql) => sql.all('SELECT last_seen_at, idle_expires_at FROM sessions'))
  const before = await dates()
  authd.clock.advance(DAY)

  const asked = await exchange(`${authd.address}/v1/session`, { method: 'GET', headers })

  expect(asked.status).toBe(200)
  expect(await dates()).toEqual(before)
})
