import { expect, test } from 'vitest'
import { createApiKey, SCOPES } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { SECOND } from '../../src/platform/clock.ts'
import { inhabit } from '../support/documented.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { type Browser, exchange, type Reply, type Sent } from '../support/http-client.ts'
import { KeepingClient } from '../support/keeping-client.ts'
import { askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'
import { ROUTES, type Route } from './fuzz/calls.ts'
import { type Prepared, RECIPES } from './fuzz/recipes.ts'
import type { Attacker } from './fuzz/world.ts'

const APP = 'https://app.example.com/in'
/** A token buys no token. */
const ONLY_BY_COOKIE = new Set(['POST /v1/token'])

const isSuccess = (status: number) => status < 300

/** The cookies of a browser in which Olga and then Oscar signed in, and Eve has begun to. */
async function fullJar(authd: Authd): Promise<Browser> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, 'olga@example.com')
  await signInOnPage(authd, browser, 'oscar@example.com')
  await askOnPage(authd, browser, 'eve@example.com')
  return browser
}

function keeping(authd: Authd, jar: Browser): KeepingClient {
  const client = new KeepingClient(authd.url, authd.address)
  for (const [name, value] of jar.cookies) client.cookies.set(name, value)
  return client
}

/** An authd whose clients keep those cookies. */
function withJar(authd: Authd, jar: Browser): Authd {
  return { ...authd, browser: () => keeping(authd, jar) }
}

/** Cleo, whose client has a token from after a step-up, beside the cookies of others. */
async function cleo(authd: Authd, jar: Browser): Promise<Attacker & { browser: KeepingClient }> {
  const kept = withJar(authd, jar)
  const browser = keeping(authd, jar)
  const email = 'cleo@example.com'
  browser.bearer = (await signInForTokens(kept, email)).accessToken
  authd.clock.advance(SECOND)
  await browser.post('/v1/stepup/email')
  await browser.post('/v1/stepup/code', { json: { code: (await authd.takeProofMail())?.values['code'] } })
  return { email, browser, tokens: () => signInForTokens(kept, email), steppedUp: async () => browser.bearer ?? '' }
}

/** What the guard of a route asks for, other than a cookie. */
async function credentialFor(authd: Authd, { guard }: Route, own: string | undefined): Promise<Sent> {
  if (guard === 'none') return {}
  if (typeof guard === 'string') return own === undefined ? {} : { bearer: own }
  const key = { name: 'app', scopes: SCOPES.filter((scope) => scope === guard.scope), expiresAt: null }
  return { bearer: (await createApiKey(authd.deps, SYSTEM, key)).token }
}

/** The link of a mail that opens a page of an app. */
async function appLink(authd: Authd, email: string): Promise<Prepared> {
  const { body } = await authd.browser().post('/v1/signin', { json: { email, link_to: APP } })
  const link = new URL((await authd.takeProofMail())?.values['link'] ?? 'http://no.link')
  return { body: { token: link.searchParams.get('token'), attempt_token: body.attempt_token } }
}

async function prepare(authd: Authd, route: Route, me: Attacker): Promise<Prepared> {
  if (route.name === 'POST /v1/signin/link') return await appLink(authd, me.email)
  const recipe = RECIPES[route.name]
  const prepared = recipe && (await recipe(authd, me))
  if (prepared?.id !== undefined || (prepared && !route.path.startsWith('/admin'))) return prepared
  const place = route.path.split('/').findIndex((part) => part.startsWith(':'))
  const id = place === -1 ? undefined : (await inhabit(authd))(route.path).split('/')[place]
  return { id, body: prepared?.body ?? structuredClone(route.example) }
}

test.each(ROUTES.map((route) => [route.name, route] as const))(
  '%s with its own credential is not refused for cookies, leaves their owner alone, and sets none',
  async (name, route) => {
    const authd = await startAuthd({ config: { signin: { link_urls: [APP] } } })
    const jar = await fullJar(authd)
    const me = await cleo(authd, jar)
    const { id, body } = await prepare(withJar(authd, jar), route, me)
    const sent = route.bodyType === 'form' ? { form: body as Record<string, string> } : { json: body }
    const client = keeping(authd, jar)

    const { status } = await client.send(route.method, route.path.replace(/:\w+/, id ?? 'x'), {
      ...(route.bodyType !== undefined && sent),
      ...(await credentialFor(authd, route, me.browser.bearer)),
    })
    const owner = await jar.get('/v1/session')

    expect([name, status]).toEqual([name, ONLY_BY_COOKIE.has(name) ? 403 : expect.toSatisfy(isSuccess)])
    expect([...client.taken, ...me.browser.taken]).toEqual([])
    expect(owner).toMatchObject({ status: 200, body: { user: { email: 'oscar@example.com' } } })
  },
)

test('two people sign in for tokens one after the other through a client that keeps all cookies', async () => {
  const authd = await startAuthd()
  const client = new KeepingClient(authd.url, authd.address)

  const replies: Reply[] = []
  for (const email of ['ada@example.com', 'bob@example.com']) {
    const begun = await client.post('/v1/signin', { json: { email } })
    const code = (await authd.takeProofMail())?.values['code']
    const { attempt_token } = begun.body
    const done = await client.post('/v1/signin/code', { json: { code, attempt_token } })
    const { refresh_token } = done.body
    replies.push(begun, done, await client.post('/v1/token/refresh', { json: { refresh_token } }))
    replies.push(await client.post('/v1/logout'))
    client.bearer = undefined
  }

  expect(replies.map(({ status }) => status)).toEqual([201, 200, 200, 204, 201, 200, 200, 204])
  expect(client.taken).toEqual([])
})

test.each([
  ['delivers tokens', { deliver: 'tokens' }],
  ['is for another address', { email: 'bob@example.com' }],
  ['leads elsewhere', { redirect_to: 'https://app.example.com/home' }],
  ['has another page for its link', { link_to: APP }],
])('a sign-in that %s does not continue the one that the browser has begun', async (_, other) => {
  const signin = { redirect_urls: ['https://app.example.com/home'], link_urls: [APP] }
  const authd = await startAuthd({ config: { signin } })
  const browser = authd.browser()
  const begin = async (asked: object) => {
    const json = { email: 'ada@example.com', deliver: 'cookie', ...asked }
    return String((await browser.post('/v1/signin', { json })).body.attempt_token).split('.')[0]
  }

  const ids = [await begin({}), await begin({}), await begin(other)]

  expect(ids[1]).toBe(ids[0])
  expect(ids[2]).toMatch(/^att_/)
  expect(ids[2]).not.toBe(ids[0])
})

test('a sign-in for a cookie still needs that cookie and its origin, whatever its body names', async () => {
  const authd = await startAuthd()
  const client = new KeepingClient(authd.url, authd.address)
  const { body } = await client.post('/v1/signin', { json: { email: 'ada@example.com', deliver: 'cookie' } })
  const json = { code: (await authd.takeProofMail())?.values['code'], attempt_token: body.attempt_token }

  const kept = await client.post('/v1/signin/code', { json })
  const without = await new KeepingClient(authd.url, authd.address).post('/v1/signin/code', { json })
  const own = await client.post('/v1/signin/code', { json, headers: { Origin: authd.url } })

  expect([kept.status, without.status, own.status]).toEqual([403, 401, 200])
  expect(kept.body).toMatchObject({ code: 'CROSS_SITE_REQUEST', details: { cookies: ['authd-attempt'] } })
  expect(kept.body.message).toContain('authd-attempt')
  expect(kept.body.message).toContain('cors.allowed_origins')
})

test.each(['Bearer x', 'Bearer key_x', 'Basic Og==', 'Digest x', 'Bearer', ''])(
  'with "Authorization: %s", no sign-in for a cookie begins, because such a request gets none',
  async (Authorization) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    const headers = { Authorization }

    const json = { email: 'ada@example.com', deliver: 'cookie' }
    const reply = await browser.post('/v1/signin', { json, headers })
    const passkey = await browser.post('/v1/signin', { json: { deliver: 'cookie' }, headers })
    const tokens = await browser.post('/v1/signin', { json: { email: 'ada@example.com' }, headers })

    const refused = { code: 'VALIDATION_ERROR', details: { errors: [{ pointer: '/deliver', code: 'NOT_ALLOWED' }] } }
    expect([reply, passkey]).toMatchObject([400, 400].map((status) => ({ status, body: refused })))
    expect(reply.body.message).toContain('Leave the header out, or use "tokens"')
    expect([tokens.status, browser.cookies.size]).toEqual([201, 0])
  },
)

test('an API key of an app’s backend begins no sign-in for a cookie', async () => {
  const authd = await startAuthd()
  const { token } = await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes: ['signin'], expiresAt: null })

  const reply = await authd.browser().post('/v1/signin', { json: { deliver: 'cookie' }, bearer: token })

  expect([reply.status, reply.headers.getSetCookie()]).toEqual([400, []])
})

test.each(['tokens', 'cookie'])(
  'the token of a link alone gets the same answer with and without the cookies of others, at a sign-in for %s',
  async (deliver) => {
    const authd = await startAuthd({ config: { signin: { link_urls: [APP] } } })
    const jar = await fullJar(authd)
    await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com', link_to: APP, deliver } })
    const link = new URL((await authd.takeProofMail())?.values['link'] ?? 'http://no.link')
    const genuine = link.searchParams.get('token') ?? ''
    const tokens = [genuine, `${genuine}x`, genuine.split('.')[0], 'x', '']

    const answers: unknown[] = []
    for (const client of [keeping(authd, jar), new KeepingClient(authd.url, authd.address)]) {
      const replies: unknown[] = []
      for (const token of tokens) {
        const { status, body } = await client.post('/v1/signin/link', { json: { token } })
        replies.push([status, body.code ?? body.status])
      }
      answers.push([...replies, client.taken])
    }

    expect(answers[0]).toEqual([
      [200, 'continue_elsewhere'],
      ...tokens.slice(1).map(() => [410, 'MAGIC_LINK_EXPIRED']),
      [],
    ])
    expect(answers[1]).toEqual(answers[0])
  },
)

interface Fault {
  method?: string
  path?: (path: string) => string
  headers?: Record<string, string>
  body?: string | Buffer
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const encodeFirst = (path: string) => path.replace(/[a-z]/, (one) => `%${one.charCodeAt(0).toString(16)}`)

/** What a client may get wrong. */
const FAULTS: [what: string, fault: Fault][] = [
  ['another type', { headers: { 'Content-Type': 'text/plain' }, body: 'x' }],
  ['no type', { body: '{}' }],
  ['multipart', { headers: { 'Content-Type': 'multipart/form-data; boundary=x' }, body: '--x--' }],
  ['another charset', { headers: { 'Content-Type': 'application/json; charset=utf-16' }, body: '{}' }],
  ['an encoding', { headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, body: '{}' }],
  ['malformed JSON', { headers: JSON_TYPE, body: '{"email":' }],
  ['a byte order mark', { headers: JSON_TYPE, body: '\ufeff{}' }],
  ['bytes that are not UTF-8', { headers: JSON_TYPE, body: Buffer.from([0x22, 0xff, 0x22]) }],
  ...['[]', '"x"', 'null', '1', '[{}]', '{"attempt_token":1}', '{"x":1}', '{"email":[]}', '{"code":"\\u0000"}'].map(
    (body): [string, Fault] => [`the body ${body}`, { headers: JSON_TYPE, body }],
  ),
  ['a body above the limit', { headers: JSON_TYPE, body: '"'.padEnd(70_000, 'x') }],
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PURGE'].map((method): [string, Fault] => [method, { method }]),
  ['a slash at the end', { path: (path) => `${path}/` }],
  ['a doubled slash at the end', { path: (path) => `${path}//` }],
  ['a doubled slash at the start', { path: (path) => `/${path}` }],
  ['a doubled slash within', { path: (path) => path.replace(/(.)\//, '$1//') }],
  ['an encoded letter', { path: encodeFirst }],
  ['a capital letter', { path: (path) => path.replace(/[a-z]/, (one) => one.toUpperCase()) }],
  ['a path below', { path: (path) => `${path}/x` }],
  ['another Host', { headers: { ...JSON_TYPE, Host: 'elsewhere.example' }, body: '[]' }],
]

/** All but most of the admin API, whose routes have one guard. */
const TRIED = [...ROUTES.filter(({ path }) => !path.startsWith('/admin')), ...ROUTES.slice(-3)]

/** The answers of all routes to a fault: status, code and number of cookies. */
async function answersTo(fault: Fault, { withCookies }: { withCookies: boolean }): Promise<string[]> {
  const authd = await startAuthd()
  const jar = await fullJar(authd)
  const { accessToken } = await signInForTokens(authd)
  const { token: key } = await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes: [...SCOPES], expiresAt: null })
  const Cookie = [...jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answers: string[] = []
  for (const { name, method, path, guard } of TRIED) {
    const headers = {
      Host: new URL(authd.url).host,
      ...(guard !== 'none' && { Authorization: `Bearer ${typeof guard === 'object' ? key : accessToken}` }),
      ...(withCookies && { Cookie }),
      ...fault.headers,
    }
    const asked = { method: fault.method ?? method, headers, body: fault.body }
    const filled = path.replace(/:\w+/, 'x')
    const { status, text, headers: answered } = await exchange(authd.address + (fault.path?.(filled) ?? filled), asked)
    const { code, error } = text.startsWith('{') ? JSON.parse(text) : {}
    answers.push(`${name}: ${status} ${code ?? error}, cookies: ${answered.getSetCookie().length}`)
  }
  return answers
}

test.each(FAULTS)('a call with %s gets the same answer with and without the cookies of others', async (_, fault) => {
  const without = await answersTo(fault, { withCookies: false })
  const kept = await answersTo(fault, { withCookies: true })

  expect(kept).toEqual(without)
  expect(kept.filter((answer) => !answer.endsWith('cookies: 0'))).toEqual([])
})

test.each(['/', '//', '/x'])(
  'a session is not ended by a path with "%s" at its end, and its cookie not touched',
  async (end) => {
    const authd = await startAuthd()
    const { sessionId, accessToken: bearer } = await signInForTokens(authd)

    const reply = await authd.browser().send('DELETE', `/v1/me/sessions/${sessionId}${end}`, { bearer })

    expect([reply.status, reply.body.code, reply.headers.getSetCookie()]).toEqual([404, 'NOT_FOUND', []])
    expect((await authd.browser().get('/v1/session', { bearer })).status).toBe(200)
  },
)
