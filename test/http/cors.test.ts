import { describe, expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

const APP = 'https://app.example.com'
const listed = { config: { cors: { allowed_origins: [APP] } } }

function preflight(browser: Browser, origin: string, path = '/v1/signin') {
  const headers = {
    Origin: origin,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'content-type',
  }
  return browser.send('OPTIONS', path, { headers })
}

const corsOf = (headers: Headers) => [...headers].filter(([name]) => name.startsWith('access-control-'))

describe('a listed origin', () => {
  test('may send a preflight, and read answers, errors and limits', async () => {
    const authd = await startAuthd(listed)
    const asked = await preflight(authd.browser(), APP)
    const failed = await authd
      .browser()
      .get('/v1/session', { headers: { Origin: APP, 'Sec-Fetch-Site': 'cross-site' } })

    expect(asked.status).toBe(204)
    expect(Object.fromEntries(corsOf(asked.headers))).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET,POST,PATCH,DELETE',
      'access-control-allow-headers': 'Authorization,Content-Type,Idempotency-Key,X-Request-ID',
      'access-control-max-age': '600',
    })
    expect(failed.status).toBe(401)
    expect(failed.headers.get('Access-Control-Allow-Origin')).toBe(APP)
    expect(failed.headers.get('Access-Control-Expose-Headers')).toContain('Retry-After,RateLimit')
    expect(failed.headers.get('Vary')).toContain('Origin')
  })

  test('may make changes with its browser’s cookie', async () => {
    const authd = await startAuthd(listed)
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const rename = (origin: string) =>
      browser.send('PATCH', '/v1/me', {
        json: { name: 'Ada' },
        headers: { Origin: origin, 'Sec-Fetch-Site': 'same-site' },
      })

    expect((await rename(APP)).status).toBe(200)
    expect((await rename('https://other.example.com')).body.code).toBe('CROSS_SITE_REQUEST')
  })

  test('may not call the pages, whose forms are for authd’s origin only', async () => {
    const authd = await startAuthd(listed)
    const headers = { Origin: APP, 'Sec-Fetch-Site': 'same-site' }
    const posted = await authd.browser().post('/signin', { form: { email: ADA }, headers })
    const page = await authd.browser().get('/signin', { headers })

    expect(posted.status).toBe(403)
    expect(corsOf(page.headers)).toEqual([])
  })
})

test.each([
  'https://app.example.com.evil.example',
  'https://evilapp.example.com',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://APP.example.com',
  'null',
  '',
])('the origin "%s" is not listed and gets no header', async (origin) => {
  const authd = await startAuthd(listed)
  const asked = await preflight(authd.browser(), origin)
  const plain = await authd.browser().get('/v1/session', { headers: { Origin: origin } })

  expect(asked.status).toBe(405)
  expect(corsOf(asked.headers)).toEqual([])
  expect(corsOf(plain.headers)).toEqual([])
})

test('with allow_all every origin may call without cookies', async () => {
  const authd = await startAuthd({ config: { cors: { allow_all: true } } })
  const { accessToken } = await signInForTokens(authd)
  const asked = await preflight(authd.browser(), 'https://anybody.example')
  const headers = { Origin: 'https://anybody.example', 'Sec-Fetch-Site': 'cross-site' }
  const read = await authd.browser().get('/v1/session', { bearer: accessToken, headers })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const change = await browser.send('PATCH', '/v1/me', { json: { name: 'x' }, headers })

  expect(asked.headers.get('Access-Control-Allow-Origin')).toBe('*')
  expect(asked.headers.has('Access-Control-Allow-Credentials')).toBe(false)
  expect(read.status).toBe(200)
  expect(read.headers.has('Access-Control-Allow-Credentials')).toBe(false)
  expect(change.body.code).toBe('CROSS_SITE_REQUEST')
})

test('by default no origin gets a header, and OPTIONS is not allowed', async () => {
  const authd = await startAuthd()
  const asked = await preflight(authd.browser(), APP)

  expect([asked.status, corsOf(asked.headers)]).toEqual([405, []])
})
