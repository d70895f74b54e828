import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type Authd, startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { signInOnPage } from '../support/people.ts'
import { fc } from '../support/property.ts'
import { until } from '../support/until.ts'

const KIB = 1024

/** Hostile JSON bodies. */
const BODIES: Record<string, string | Buffer> = {
  nothing: '',
  'white space': '   ',
  'half an object': '{"email":',
  'a trailing comma': '{"email":"a@example.com",}',
  'a comment': '/* */ {}',
  'two values': '{}{}',
  null: 'null',
  true: 'true',
  'a number': '1e400',
  'a string': '"a@example.com"',
  'a list': '[]',
  'a list of objects': '[{"email":"a@example.com"}]',
  NaN: 'NaN',
  'single quotes': "{'email':'a'}",
  'a list nested 30 000 deep': '['.repeat(30_000),
  'objects nested 10 000 deep': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  'a closed list nested 30 000 deep': `{"email":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
  'the key __proto__': '{"__proto__":{"email":"a@example.com"}}',
  'constructor.prototype': '{"constructor":{"prototype":{"isAdmin":true}}}',
  toString: '{"toString":1,"email":"a@example.com"}',
  'the wrong types': '{"email":{"$ne":null},"deliver":["cookie"],"lang":7}',
  'a list as email': '{"email":["a@example.com","b@example.com"]}',
  'an unknown field': '{"email":"a@example.com","admin":true}',
  'ten thousand fields': `{${Array.from({ length: 4000 }, (_, n) => `"f${n}":1`).join()}}`,
  'a huge email': `{"email":"${'a'.repeat(60_000)}@example.com"}`,
  'a huge number': `{"email":${'9'.repeat(60_000)}}`,
  'escaped NUL': '{"email":"a\\u0000@example.com"}',
  'a raw NUL': '{"email":"a\u0000@example.com"}',
  'a lone surrogate': '{"email":"\\ud800@example.com"}',
  'a right-to-left override': '{"email":"a\u202e@example.com"}',
  'invalid UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  'overlong UTF-8': Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
  'UTF-16': Buffer.from('{"email":"a@example.com"}', 'utf16le'),
  'a zip bomb’s head': Buffer.from('1f8b0800000000000003', 'hex'),
  SQL: `{"email":"a@example.com","lang":"en'; DROP TABLE users; --"}`,
  'a template': '{"email":"a@example.com","lang":"{{constructor.constructor}}"}',
  'a path': '{"email":"a@example.com","lang":"../../../../etc/passwd"}',
  'a regular expression’s nightmare': `{"email":"${'a.'.repeat(30)}@${'a-'.repeat(100)}!"}`,
  '64 KiB of spaces': ' '.repeat(64 * KIB),
  '64 KiB and a byte': ' '.repeat(64 * KIB + 1),
}

test('forty hostile bodies get 4xx and cost little memory', async () => {
  const authd = await startAuthd()
  const before = process.memoryUsage.rss()

  const statuses: Record<string, number> = {}
  for (const [name, body] of Object.entries(BODIES)) {
    for (const path of ['/v1/signin', '/v1/signin/code', '/v1/token/refresh', '/v1/token/revoke']) {
      const type = path === '/v1/token/revoke' ? 'application/x-www-form-urlencoded' : 'application/json'
      const { status } = await exchange(authd.address + path, {
        method: 'POST',
        headers: { 'Content-Type': type },
        body,
      })
      statuses[`${name} to ${path}`] = status
    }
  }

  expect(Object.keys(BODIES)).toHaveLength(40)
  expect(Object.entries(statuses).filter(([, status]) => status >= 500)).toEqual([])
  expect(statuses['64 KiB and a byte to /v1/signin']).toBe(413)
  expect(statuses['invalid UTF-8 to /v1/signin']).toBe(400)
  expect(statuses['an unknown field to /v1/signin']).toBe(400)
  expect(statuses['the key __proto__ to /v1/signin']).toBe(400)
  expect((await authd.browser().get('/readiness')).status).toBe(200)
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * KIB * KIB)
})

test('JSON after a byte order mark is rejected, and nothing begins', async () => {
  const authd = await startAuthd()
  const headers = { 'Content-Type': 'application/json' }

  const { status } = await exchange(`${authd.address}/v1/signin`, { method: 'POST', headers, body: '\ufeff{}' })

  expect(status).toBe(400)
})

test('any JSON gets a documented answer below 500', async () => {
  const authd = await startAuthd()
  const path = fc.constantFrom('/v1/signin', '/v1/signin/code', '/v1/signin/passkey', '/v1/token/refresh')
  const names = fc.constantFrom('email', 'code', 'attempt_token', 'refresh_token', 'lang', '__proto__')
  const body = fc.oneof(fc.jsonValue(), fc.dictionary(names, fc.jsonValue()))
  await fc.assert(
    fc.asyncProperty(path, body, async (to, json) => {
      expect((await authd.browser().post(to, { json })).status).toBeLessThan(500)
    }),
  )
})

test.each([
  ['__proto__', '{"__proto__":{"email":"a@example.com"}}'],
  ['the same field twice', 'token=a&token=b'],
])('%s does not pollute any prototype', async (_, body) => {
  const authd = await startAuthd()
  const type = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded'
  const path = body.startsWith('{') ? '/v1/signin' : '/v1/token/revoke'

  const { status } = await exchange(authd.address + path, { method: 'POST', headers: { 'Content-Type': type }, body })

  expect(status).toBe(400)
  expect(({} as Record<string, unknown>)['email']).toBeUndefined()
})

/** Sends raw bytes. Returns the response until the server closes or stops sending. */
async function raw(authd: Authd, request: string): Promise<string> {
  const socket = connect(Number(new URL(authd.address).port), '127.0.0.1')
  await once(socket, 'connect')
  let answer = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.on('error', () => {})
  socket.end(Buffer.from(request, 'latin1'))
  await once(socket, 'close')
  return answer
}

const HEAD = 'POST /v1/signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

/** Two messages that a proxy could read as one, or the reverse (ASVS 4.2.1). */
const FRAMINGS: Record<string, string> = {
  'both lengths': `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'both lengths, the other way': `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`,
  'two different lengths': `${HEAD}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}`,
  'a list of lengths': `${HEAD}Content-Length: 2, 2\r\n\r\n{}`,
  'a negative length': `${HEAD}Content-Length: -1\r\n\r\n{}`,
  'a length in hex': `${HEAD}Content-Length: 0x2\r\n\r\n{}`,
  'a length with a plus': `${HEAD}Content-Length: +2\r\n\r\n{}`,
  'a huge length': `${HEAD}Content-Length: 99999999999999999999\r\n\r\n{}`,
  'an unknown encoding': `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'chunked twice': `${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  'chunked, then identity': `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
  'chunked with a tab before': `${HEAD}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n`,
  'a space before the colon': `${HEAD}Content-Length : 2\r\n\r\n{}`,
  'a folded header': `${HEAD}X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}`,
  'a chunk size that is none': `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  'a negative chunk': `${HEAD}Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`,
  'a chunk size that overflows': `${HEAD}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n`,
  'a chunk that is longer than it says': `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
  'a chunk extension of 20 KB': `${HEAD}Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
  'a trailer that names a length': `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n`,
  'bare line feeds': `${HEAD.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}`,
  'bare carriage returns': `${HEAD}X-A: b\rContent-Length: 2\r\n\r\n{}`,
  'a NUL in a header': `${HEAD}X-A: a\u0000b\r\nContent-Length: 2\r\n\r\n{}`,
  'a NUL in the path': 'GET /v1/\u0000session HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a space in the path': 'GET /v1/session x HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'no host': 'GET /v1/session HTTP/1.1\r\n\r\n',
  'two hosts': 'GET /signin HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n',
  'an absolute address': 'GET http://evil.example/signin HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'an address of another scheme': 'GET file:///etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a path of 20 KB': `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  'a path that does not decode': 'GET /v1/me/sessions/%E0%A4%A HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a header of 20 KB': `GET /v1/session HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
  'three thousand headers': `GET /v1/session HTTP/1.1\r\nHost: localhost\r\n${'A: b\r\n'.repeat(3000)}\r\n`,
  'a cookie of a thousand parts': `GET /v1/session HTTP/1.1\r\nHost: localhost\r\nCookie: ${'authd=;'.repeat(1000)}\r\n\r\n`,
  'HTTP/0.9': 'GET /v1/session\r\n\r\n',
  'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/9.9': 'GET /v1/session HTTP/9.9\r\nHost: localhost\r\n\r\n',
  'TLS to plain HTTP': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  'an upgrade': 'GET /v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'an expectation': `${HEAD}Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}`,
}

describe('framings that two parsers read differently', () => {
  test('are rejected or read as one message, without a server error', async () => {
    const authd = await startAuthd()

    const answers: Record<string, string> = {}
    for (const [name, request] of Object.entries(FRAMINGS)) answers[name] = await raw(authd, request)

    expect(Object.entries(answers).filter(([, text]) => /HTTP\/1\.1 5\d\d/.test(text))).toEqual([])
    expect(Object.entries(answers).filter(([, text]) => text.split('HTTP/1.1 ').length > 3)).toEqual([])
    expect(Object.values(answers).join('')).not.toContain('smuggled')
    expect((await authd.browser().get('/readiness')).status).toBe(200)
  })

  test.each([
    'both lengths',
    'two different lengths',
    'a list of lengths',
    'an unknown encoding',
    'a space before the colon',
    'two hosts',
    'an absolute address',
  ])('%s is 400', async (name) => {
    const authd = await startAuthd()

    expect(await raw(authd, FRAMINGS[name] ?? '')).toMatch(/^HTTP\/1\.1 400 /)
  })
})

/** Latin-1, as it goes over the wire: what a client can write where a library expects something else. */
const HEADER_VALUES = [
  '\xa0',
  '\xe9\xff',
  '"',
  '""',
  ';',
  '=',
  ',,,',
  'a/b;q=',
  '*',
  '[::1',
  ':',
  '%',
  '__proto__',
  'null',
  '1e999',
  '::1%a-b',
  '[fe80::1%A.b]',
  'for="[::1%a-b]"',
  '::ffff:1.2.3.4%x:y',
]
const HEADERS = [
  ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Authorization', 'Content-Encoding', 'Cookie', 'Forwarded'],
  ...['Idempotency-Key', 'If-None-Match', 'Origin', 'Sec-Fetch-Site', 'User-Agent', 'X-Forwarded-For', 'X-Request-ID'],
  ...[
    'X-Forwarded-Proto',
    'Expect',
    'traceparent',
    'DPoP',
    'CF-Connecting-IP',
    'X-Real-IP',
    'X-Forwarded-Host',
    'Authd-Client-IP',
    'Access-Control-Request-Headers',
    'Referer',
  ],
]
const TYPES = ['application/json', 'application/x-www-form-urlencoded'].flatMap((type) =>
  [
    '\xa0',
    ';charset=\xa0',
    '\xa0;charset=utf-8',
    ';charset="',
    ';charset==',
    ';=',
    ',text/plain',
    ';charset=__proto__',
  ].flatMap((odd) => [`${type}${odd}`, `${odd}${type}`]),
)
const TARGETS = [
  ...[
    'http://[::1/signin',
    'http://',
    'http:/x',
    'signin',
    '?x',
    '*',
    '//evil/signin',
    'http://a:99999/signin',
    '/\xff',
  ],
  ...['/signin?%', '/signin?lang=%ff', '/problems/%', '/problems/__proto__', '/assets/%00', '/v1/me/sessions/%ff'],
  ...[
    '/signin?lang=__proto__',
    '/invite?token=%00',
    '/admin/users?limit=1e9',
    'javascript:alert(1)',
    'http://localhost',
  ],
]

test('no header and no target that a client can write causes a server error', async () => {
  const limits = { requests_per_minute: 1_000_000, guesses_per_hour: 1_000_000 }
  const authd = await startAuthd({ config: { limits } })
  const heads = [
    ...HEADERS.flatMap((name) =>
      HEADER_VALUES.map((value) => `GET /v1/session HTTP/1.1\r\nHost: localhost\r\n${name}: ${value}`),
    ),
    ...HEADERS.flatMap((name) =>
      HEADER_VALUES.map((value) => `GET /signin HTTP/1.1\r\nHost: localhost\r\n${name}: ${value}`),
    ),
    ...TYPES.flatMap((type) =>
      ['/v1/signin', '/signin', '/v1/token/revoke', '/signin/code'].map(
        (path) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Type: ${type}`,
      ),
    ),
    ...TARGETS.flatMap((target) =>
      ['GET', 'POST', 'HEAD', 'OPTIONS'].map(
        (method) => `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0`,
      ),
    ),
  ]

  const failed: string[] = []
  for (const head of heads) {
    const answer = await raw(authd, `${head}\r\nConnection: close\r\n\r\n`)
    if (!/^HTTP\/1\.1 [234]\d\d /.test(answer)) failed.push(`${head} → ${answer.slice(0, 40)}`)
  }

  expect(failed).toEqual([])
  expect(authd.log.lines.filter(({ level }) => level === 'error')).toEqual([])
})

test('a client that disconnects within its body causes no server error', async () => {
  const authd = await startAuthd()
  const socket = connect(Number(new URL(authd.address).port), '127.0.0.1')
  await once(socket, 'connect')

  socket.write(`${HEAD}Content-Length: 1000\r\n\r\n{"email":`)
  // A later request is answered, so the server has read the head of this one.
  await authd.browser().get('/session-of-nobody')
  authd.log.lines.splice(0)
  socket.resetAndDestroy()
  await until(() => expect(authd.log.lines.length).toBe(1))

  expect(authd.log.lines).toMatchObject([{ level: 'info', message: 'request', fields: { status: 400 } }])
})

test('a query parameter that comes twice is refused, so that no part of authd reads the other one', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)

  const reply = await browser.post('/v1/logout?scope=current&scope=all')

  expect([reply.status, reply.body.message]).toEqual([400, 'The field scope was sent twice.'])
  expect((await browser.get('/v1/session')).status).toBe(200)
})

test('the answer to thousands of unknown fields names twenty of them, and says how many there are', async () => {
  const authd = await startAuthd()
  const json = Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`field${n}`, 0]))

  const { status, body } = await authd.browser().post('/v1/signin', { json })

  expect([status, body.details.errors.length, body.details.more]).toEqual([400, 20, 3980])
})

test('no answer, line of the log or event repeats a long text that was sent', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const long = 'é"/~'.repeat(10_000)
  const deep = JSON.parse(`${'{"a":'.repeat(1000)}"\\u0000"${'}'.repeat(1000)}`)
  const bodies = [{ [long]: 1 }, { [`${long}\u0000`]: 1 }, { email: long }, { code: long, attempt_token: long }, deep]
  const answers: number[] = []
  const note = ({ body }: { body: unknown }) => answers.push(JSON.stringify(body).length)

  for (const path of ['/v1/signin', '/v1/signin/code', '/v1/token/refresh', '/v1/token/revoke', '/v1/me/email']) {
    for (const json of bodies) note(await browser.post(path, { json }))
    for (const form of [{ [long]: '1' }, { token: long, grant_type: long }, { a: '1', [`${long}`]: '\0' }])
      note(await browser.post(path, { form }))
  }
  note(await browser.post(`/v1/logout?${'x'.repeat(8000)}=1`))
  note(await browser.post(`/v1/logout?${'x'.repeat(4000)}=1&${'x'.repeat(4000)}=1`))

  expect(Math.max(...answers)).toBeLessThan(2000)
  expect(Math.max(...authd.log.lines.map((line) => JSON.stringify(line).length))).toBeLessThan(10_000)
  expect(Math.max(...(await authd.auditLog()).map((row) => JSON.stringify(row).length))).toBeLessThan(10_000)
})
