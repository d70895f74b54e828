import { describe, expect, test } from 'vitest'
import { HOUR } from '../../src/platform/clock.ts'
import { METRICS } from '../../src/platform/monitoring/metrics.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInForTokens } from '../support/people.ts'

/** It may have characters that no token of authd has. */
const TOKEN = 'a-token:of!the-scraper-0123456789'

async function scrape(authd: Authd): Promise<Map<string, number>> {
  const { status, body } = await authd.browser().get('/metrics')
  if (status !== 200) throw new Error(`no metrics: ${status}`)
  const lines = String(body)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))] as const
    }),
  )
}

describe.each(['sqlite', 'postgres'] as const)('the metrics (%s)', (database) => {
  test('count what happened, once it is durable', async () => {
    const authd = await startAuthd({ database })
    const { refreshToken, sessionId } = await signInForTokens(authd)
    await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
    const { attemptToken } = await askForCode(authd)
    await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token: attemptToken } })
    const browser = authd.browser()
    const { token } = await askOnPage(authd, browser)
    await browser.post('/v1/signin/link', { json: { token } })
    await browser.post('/v1/logout')
    const late = await askOnPage(authd, browser)
    authd.clock.advance(HOUR)
    await browser.post('/v1/signin/link', { json: { token: late.token } })
    await authd.takeMail()
    await authd.browser().post('/v1/signin', { json: { email: 'queued@example.com' } })

    const numbers = await scrape(authd)
    expect(Object.fromEntries(numbers)).toMatchObject({
      'auth_attempts_total{method="email_code",status="success",reason=""}': 1,
      'auth_attempts_total{method="email_code",status="failure",reason="invalid_code"}': 1,
      'auth_attempts_total{method="magic_link",status="success",reason=""}': 1,
      'auth_attempts_total{method="magic_link",status="failure",reason="expired"}': 1,
      token_refreshes_total: 1,
      sessions_created_total: 2,
      'sessions_revoked_total{reason="signed_out"}': 1,
      'emails_sent_total{template="signin"}': 4,
      active_sessions: 1,
      'email_queue_depth{state="pending"}': 1,
      'http_request_duration_seconds_count{method="POST",path="/v1/signin/code",status="401"}': 1,
    })
    expect(numbers.get('email_queue_oldest_timestamp_seconds')).toBe(Math.floor(authd.clock.now() / 1000))
    expect([...numbers.keys()].some((key) => key.includes(sessionId) || key.includes(ADA))).toBe(false)
  })

  test('count nothing for a unit that is undone, and one for a unit that runs again', async () => {
    const authd = await startAuthd({ database })
    const count = (trx: { afterCommit(listener: () => void): void }) =>
      trx.afterCommit(() => authd.deps.metrics.count('sessions_created_total', {}))
    const failing = authd.deps.db.write(async (trx) => {
      count(trx)
      throw new Error('undone')
    })
    await expect(failing).rejects.toThrow('undone')
    await authd.deps.db.write(async (trx) => count(trx))

    expect((await scrape(authd)).get('sessions_created_total')).toBe(1)
  })
})

test('every metric exists, and a thousand invented paths and methods add no series', async () => {
  const authd = await startAuthd()
  await authd.browser().get('/no/such/path')
  const before = await scrape(authd)
  for (let batch = 0; batch < 10; batch += 1) {
    const paths = Array.from({ length: 100 }, (_, at) => `/${batch}/${at}/%E2%98%83?token=${at}`)
    await Promise.all(paths.map((path, at) => authd.browser().send(at % 3 ? 'GET' : 'PROPFIND', path)))
  }
  const after = await scrape(authd)

  const { body } = await authd.browser().get('/metrics')
  for (const name of Object.keys(METRICS)) expect(body).toContain(`# TYPE ${name} `)
  const isOurs = (key: string) => Object.keys(METRICS).some((name) => key.startsWith(name))
  const added = [...after.keys()].filter((key) => isOurs(key) && !before.has(key) && !key.includes('/metrics'))
  // The first requests of two routes add their series.
  expect(new Set(added.map((key) => /path="([^"]*)",status="\d+"/.exec(key)?.[0] ?? key)).size).toBeLessThanOrEqual(2)
  expect(after.size).toBeLessThan(500)
})

describe('access to the metrics', () => {
  test('is open to this machine, but not through a proxy on it', async () => {
    for (const server of [{}, { trusted_proxies: ['127.0.0.1'] }]) {
      const authd = await startAuthd({ config: { server } })
      const ask = (headers = {}) => authd.browser().get('/metrics', { headers })

      expect((await ask()).status).toBe(200)
      expect((await ask({ Host: 'localhost:9' })).status).toBe(200)
      for (const headers of [{ Host: 'evil.example' }, { Via: '1.1 a' }, { 'CF-Connecting-IP': '203.0.113.9' }])
        expect((await ask(headers)).status).toBe(404)
      for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'X-Forwarded-Proto'])
        expect((await ask({ [header]: header === 'Forwarded' ? 'for=127.0.0.1' : '127.0.0.1' })).status).toBe(404)
    }
  })

  test('is open to anyone with the token', async () => {
    const authd = await startAuthd({
      config: { metrics: { token: TOKEN }, server: { trusted_proxies: ['127.0.0.1'] } },
    })
    const headers = { 'X-Forwarded-For': '203.0.113.9' }

    expect((await authd.browser().get('/metrics', { bearer: TOKEN, headers })).status).toBe(200)
    for (const bearer of [undefined, `${TOKEN}x`, ''])
      expect((await authd.browser().get('/metrics', bearer === undefined ? {} : { bearer })).status).toBe(401)
    expect((await authd.browser().post('/metrics', { bearer: TOKEN })).status).toBe(405)
  })

  test('is closed if metrics are off or have their own listener', async () => {
    for (const metrics of [{ enabled: false }, { listen: '127.0.0.1:9464' }]) {
      const authd = await startAuthd({ config: { metrics } })
      expect((await authd.browser().get('/metrics')).status).toBe(404)
    }
  })
})
