import { expect, test } from 'vitest'
import { allEndpoints } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { askOnPage, signInOnPage } from '../support/people.ts'
import { ROUTES } from './fuzz/calls.ts'

const LIFECYCLE = { version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }
const UNSAFE = allEndpoints(LIFECYCLE).filter(({ method }) => method !== 'GET')
/** Those that a cookie could authorize. */
const BY_COOKIE = UNSAFE.filter(({ guard, cookies }) => cookies ?? (typeof guard === 'string' && guard !== 'none'))
const BY_CREDENTIAL = UNSAFE.filter((route) => !BY_COOKIE.includes(route))
const FORMS = PAGES.filter(({ method }) => method === 'POST')

/** The headers that browsers send with a request from another site's page. */
const FOREIGN: Record<string, Record<string, string>> = {
  'a form of another site': { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
  'a form of a sibling domain': { Origin: 'https://evil.localhost', 'Sec-Fetch-Site': 'same-site' },
  'an old browser’s form': { Origin: 'https://evil.example' },
  'a sandboxed frame': { Origin: 'null' },
  'our host on another port': { Origin: 'http://localhost:1' },
  'our host over https': { Origin: 'https://localhost' },
  'a name that ends like ours': { Origin: 'http://evil-localhost' },
  'a client without such headers': {},
  'the address bar': { 'Sec-Fetch-Site': 'none' },
  'a lie about the site': { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'Same-Origin' },
}

const JSON_TYPE = 'application/json'

/** A body that the route accepts, and that names no credential of its own: the link is one of the attempt in the cookie. */
function bodyFor({ method, path }: { method: string; path: string }, attempt: string | undefined): string {
  const { example = {} } = ROUTES.find(({ name }) => name === `${method} ${path}`) ?? {}
  const { attempt_token: _, ...rest } = example as Record<string, unknown>
  const own = { '/v1/signin': { deliver: 'cookie' }, '/v1/signin/link': { token: attempt?.split('~')[0] } }
  return JSON.stringify({ ...rest, ...own[path as keyof typeof own] })
}

function concrete(path: string): string {
  return path.replace(':id', 'ses_00000000000000000000000000')
}

test.each(Object.entries(FOREIGN))('%s changes nothing with a cookie', async (_, headers) => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await askOnPage(authd, browser, 'bob@example.com')
  const before = (await authd.auditLog()).length
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const host = new URL(authd.url).host

  const replies = []
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json', 'multipart/form-data']) {
    for (const route of [...BY_COOKIE, ...FORMS]) {
      const { method, path } = route
      const sent = { ...headers, Cookie: cookie, Host: host, 'Content-Type': type }
      const body = bodyFor(route, browser.cookies.get('authd-attempt'))
      const { status } = await exchange(authd.address + concrete(path), { method, headers: sent, body })
      const isRejectedBefore = type !== JSON_TYPE && 'guard' in route && route.guard === 'none' && status === 415
      replies.push({ method, path, type, status: isRejectedBefore ? 403 : status })
    }
  }

  expect(replies.filter(({ status }) => status !== 403)).toEqual([])
  expect((await authd.auditLog()).length).toBe(before)
  expect((await browser.get('/v1/session')).status).toBe(200)
})

test('a call that takes no cookies is answered as if it had none', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const Cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const call = ({ method, path }: { method: string; path: string }, cookie: Record<string, string>) =>
    exchange(authd.address + concrete(path), {
      method,
      headers: { Host: 'other.example', Origin: 'https://evil.example', 'Content-Type': 'application/json', ...cookie },
      body: '{}',
    })

  const withCookies = await Promise.all(BY_CREDENTIAL.map((route) => call(route, { Cookie })))
  const without = await Promise.all(BY_CREDENTIAL.map((route) => call(route, {})))

  expect(BY_CREDENTIAL.length).toBeGreaterThan(20)
  expect(withCookies.map(({ status }) => status)).toEqual(without.map(({ status }) => status))
  expect(withCookies.flatMap(({ headers }) => headers.getSetCookie())).toEqual([])
  expect(withCookies.filter(({ status }) => status < 400)).toEqual([])
})

test.each(['authd', 'authd-attempt', 'authd-device'])(
  'the cookie %s alone cannot be used by another site',
  async (name) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await askOnPage(authd, browser, 'bob@example.com')
    const Cookie = `${name}=${browser.cookies.get(name)}`
    const Host = new URL(authd.url).host
    const call = (headers: Record<string, string>) =>
      exchange(`${authd.address}/v1/signin`, {
        method: 'POST',
        headers: { Host, 'Content-Type': 'application/json', ...headers },
        body: '{"email":"eve@example.com","deliver":"cookie"}',
      })

    const foreign = await call({ Cookie, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' })
    const renamed = await call({ Cookie, Host: 'evil.example' })
    const own = await call({ Cookie, Origin: authd.url, 'Sec-Fetch-Site': 'same-origin' })
    const oldBrowser = await call({ Cookie, Origin: authd.url })
    const without = await call({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' })

    expect(browser.cookies.get(name)).toBeTruthy()
    expect([foreign, renamed].map(({ status }) => status)).toEqual([403, 421])
    expect([own, oldBrowser, without].map(({ status }) => status)).toEqual([201, 201, 201])
  },
)

test('a request with an Authorization header takes no cookies, and may come from anywhere', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { code } = await askOnPage(authd, browser, 'bob@example.com')
  const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', Host: 'evil.example' }

  const asked = await browser.get('/v1/session', { headers, bearer: 'x' })
  const begun = await browser.post('/v1/signin', { headers, bearer: 'x', json: {} })
  const proved = await browser.post('/v1/signin/code', { headers, bearer: 'x', json: { code } })

  expect([asked.status, begun.status, proved.status]).toEqual([401, 201, 401])
})

test.each([
  ['GET', 200],
  ['HEAD', 200],
  ['OPTIONS', 405],
])('%s with a cookie may come from another site, because it changes nothing', async (method, expected) => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const Cookie = `authd=${browser.cookies.get('authd')}`
  const Host = new URL(authd.url).host

  const { status } = await exchange(`${authd.address}/v1/session`, {
    method,
    headers: { Cookie, Host, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
  })

  expect(status).toBe(expected)
})

test('a form of another site is rejected even without a cookie, because it could flood a mailbox', async () => {
  const authd = await startAuthd()

  const replies = []
  for (const { path } of FORMS) {
    const form = { email: 'ada@example.com', attempt: 'x', code: '1', token: 'x' }
    replies.push(await authd.browser().post(path, { form, headers: { 'Sec-Fetch-Site': 'cross-site' } }))
  }

  expect(replies.map(({ status }) => status)).toEqual(FORMS.map(() => 403))
  expect(await authd.takeMail()).toEqual([])
})

test.each([
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'application/json; charset=utf-16',
  'application/jsonx',
])('a body of type %s is 415 on every route with a body, or 400 where OAuth clients call', async (type) => {
  const authd = await startAuthd()
  const takesBody = UNSAFE.filter(({ body, guard }) => body && guard === 'none')

  const replies: [path: string, status: number, error: unknown][] = []
  for (const { path } of [...takesBody, ...FORMS]) {
    const { status, body } = await authd.browser().post(path, { json: {}, headers: { 'Content-Type': type } })
    replies.push([path, status, body?.error])
  }

  // RFC 6749 §5.2 knows only 400, for all that is not JSON.
  const isOfOauth = (path: string) =>
    /^\/v1\/token\/(refresh|revoke)$/.test(path) && !type.startsWith('application/json;')
  const expected = replies.map(([path]) => [path, ...(isOfOauth(path) ? [400, 'invalid_request'] : [415, undefined])])
  expect(replies).toEqual(expected)
})

test('JSON instead of a form, and a form instead of JSON, are 415', async () => {
  const authd = await startAuthd()

  const json = await authd.browser().post('/signin', { json: { email: 'ada@example.com' } })
  const form = await authd.browser().post('/v1/signin', { form: { email: 'ada@example.com' } })

  expect([json.status, form.status]).toEqual([415, 415])
})

test.each(['gzip', 'br', 'deflate', 'identity, gzip', 'x'])('a body compressed with %s is 415', async (encoding) => {
  const authd = await startAuthd()

  const reply = await authd.browser().post('/v1/signin', { json: {}, headers: { 'Content-Encoding': encoding } })

  expect(reply).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } })
})

test('a cookie or a page under another host name is 421, but not a bearer call or a probe', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const headers = { Host: 'evil.example' }

  const withCookie = await browser.get('/v1/session', { headers })
  const page = await authd.browser().get('/signin', { headers })
  const bearer = await authd.browser().get('/v1/session', { headers, bearer: 'x' })
  const probe = await authd.browser().get('/health', { headers })

  expect([withCookie.status, page.status, bearer.status, probe.status]).toEqual([421, 421, 401, 200])
})

test.each([
  ['https://auth.example.com', 'auth.example.com:443', 200],
  ['https://auth.example.com', 'AUTH.example.com', 200],
  ['http://localhost:8080', 'localhost:8080', 200],
  ['https://auth.example.com', 'auth.example.com:80', 421],
  ['https://auth.example.com', 'auth.example.com:4430', 421],
  ['https://auth.example.com', 'auth.example.com/', 421],
  ['https://auth.example.com', 'x@auth.example.com', 421],
  ['https://auth.example.com', '', 421],
])('of %s, the host "%s" gets %i', async (public_url, host, status) => {
  const authd = await startAuthd({ config: { public_url } })

  expect((await authd.browser().get('/signin', { headers: { Host: host } })).status).toBe(status)
})

test('the page for another host leads to public_url, and the log says what to set, once an hour', async () => {
  const authd = await startAuthd({ config: { public_url: 'https://auth.example.com/sso' } })
  const headers = { Host: 'old.example.com' }

  const page = await authd.browser().get('/signin', { headers })
  await authd.browser().get('/signin', { headers })

  expect(page.body).toContain('href="https://auth.example.com/sso/signin"')
  const warnings = authd.log.lines.filter(({ level }) => level === 'warn')
  const fields = { host: 'old.example.com', public_url: 'https://auth.example.com/sso' }
  expect(warnings).toMatchObject([{ message: expect.stringContaining('set public_url'), fields }])
})
