import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { problemName } from '../../src/http/middleware/errors.ts'
import { StoreError } from '../../src/store/db.ts'
import { startAuthd } from '../support/harness.ts'
import type { Reply } from '../support/http-client.ts'
import { ADA, signInForTokens } from '../support/people.ts'

function assertProblem(authd: { url: string }, reply: Reply): void {
  expect(reply.headers.get('Content-Type')).toBe('application/problem+json; charset=utf-8')
  expect(Object.keys(ERRORS)).toContain(reply.body.code)
  expect(reply.body).toMatchObject({
    type: `${authd.url}/problems/${problemName(reply.body.code)}`,
    status: reply.status,
    detail: reply.body.message,
    request_id: reply.headers.get('X-Request-ID'),
  })
  expect(reply.headers.get('Cache-Control')).toBe('no-store')
  expect(JSON.stringify(reply.body)).not.toMatch(/\bat \S+ \(|node_modules|\/src\/|SELECT|sqlite/i)
}

test('every API error is a problem document with a documented code and the request id', async () => {
  const authd = await startAuthd()
  const { accessToken } = await signInForTokens(authd)
  const app = authd.browser()

  const replies = [
    await app.get('/nothing'),
    await app.get('/v1/session'),
    await app.get('/v1/session', { bearer: 'x' }),
    await app.send('DELETE', '/v1/session'),
    await app.post('/v1/signin', { json: { email: 'no address' } }),
    await app.post('/v1/signin', { json: { email: ADA, redirect_to: 'https://evil.example' } }),
    await app.post('/v1/signin', { json: 'x'.repeat(70_000) }),
    await app.post('/v1/signin', { form: {} }),
    await app.post('/v1/signin/code', { json: { code: '000000' } }),
    await app.post('/v1/signin/link', { json: { token: 'x' } }),
    await app.post('/v1/token/refresh', { json: { refresh_token: 'x' } }),
    await app.post('/v1/token', { bearer: accessToken }),
    await app.post('/v1/logout?scope=everything', { bearer: accessToken }),
    await app.send('DELETE', '/v1/me/sessions/ses_x', { bearer: accessToken }),
  ]

  expect(replies.map(({ status }) => status)).toEqual([
    404, 401, 401, 405, 400, 400, 413, 415, 401, 410, 401, 403, 400, 404,
  ])
  for (const reply of replies) assertProblem(authd, reply)
})

test('all invalid fields are reported together as JSON pointers', async () => {
  const authd = await startAuthd()

  const { body } = await authd.browser().post('/v1/signin', { json: { email: 'x', deliver: 'pigeon', 'a/b': 1 } })

  const errors: { pointer: string; code: string }[] = body.details.errors
  expect(errors.map(({ pointer, code }) => [pointer, code]).sort()).toEqual([
    ['/a~1b', 'UNKNOWN_FIELD'],
    ['/deliver', 'INVALID_VALUE'],
    ['/email', 'INVALID_EMAIL'],
  ])
})

test('the `type` of every error links to a page that explains its code', async () => {
  const authd = await startAuthd()

  const pages = []
  for (const code of Object.keys(ERRORS)) {
    const { status, headers, body } = await authd.browser().get(`/problems/${code.toLowerCase().replaceAll('_', '-')}`)
    pages.push({ code, status, type: headers.get('Content-Type'), isNamed: String(body).includes(code) })
  }

  expect(pages).toEqual(
    Object.keys(ERRORS).map((code) => ({ code, status: 200, type: 'text/html; charset=utf-8', isNamed: true })),
  )
})

test('an unknown problem or page gives a browser a 404 page', async () => {
  const authd = await startAuthd()

  const problem = await authd.browser().get('/problems/nothing')
  const page = await authd.browser().get('/nothing', { headers: { Accept: 'text/html,*/*;q=0.8' } })

  for (const reply of [problem, page]) {
    expect(reply.status).toBe(404)
    expect(reply.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(reply.body).toContain(reply.headers.get('X-Request-ID'))
  }
})

describe('a server fault', () => {
  test.each(['/v1/signin', '/signin'])(
    'in %s is 500 without a trace of it, is logged, and the process goes on',
    async (path) => {
      const authd = await startAuthd()
      const { mac } = authd.deps.keys
      authd.deps.keys.mac = () => {
        throw new TypeError('cannot read SELECT secret FROM /srv/authd/src/flows')
      }

      const sent = path === '/signin' ? { form: { email: ADA } } : { json: { email: ADA } }
      const reply = await authd.browser().post(path, sent)
      authd.deps.keys.mac = mac

      expect(reply.status).toBe(500)
      expect(JSON.stringify(reply.body)).not.toMatch(/TypeError|SELECT|srv|flows/)
      const logged = authd.log.lines.find(({ level }) => level === 'error')
      expect(logged).toMatchObject({ fields: { request_id: reply.headers.get('X-Request-ID'), route: path } })
      expect(String(logged?.fields?.['error'])).toContain(ERRORS.INTERNAL_ERROR.message)
      expect((await authd.browser().post(path, sent)).status).toBeLessThan(400)
    },
  )

  test('undoes the changes of the request', async () => {
    const authd = await startAuthd()
    const before = await authd.auditLog()
    authd.deps.keys.mac = () => {
      throw new Error('bug')
    }

    await authd.browser().post('/v1/signin', { json: { email: ADA } })

    expect(await authd.auditLog()).toEqual(before)
    expect(await authd.deps.db.read((sql) => sql.all('SELECT id FROM signin_attempts'))).toEqual([])
  })
})

test.each([
  ['busy', 'DATABASE_BUSY'],
  ['unavailable', 'UNAVAILABLE'],
] as const)(
  'with a database that is %s, authd answers 503 and is unready, but healthy and alive',
  async (kind, code) => {
    const authd = await startAuthd()
    const fail = () => Promise.reject(new StoreError(kind, 'disk full'))
    authd.deps.db = { ...authd.deps.db, read: fail, write: fail }

    const signIn = await authd.browser().post('/v1/signin', { json: { email: ADA } })
    const readiness = await authd.browser().get('/readiness')
    const liveness = await authd.browser().get('/liveness')
    const health = await authd.browser().get('/health')

    expect(signIn).toMatchObject({ status: 503, body: { code } })
    expect(signIn.headers.get('Retry-After')).toBe('1')
    expect(readiness).toMatchObject({ status: 503, body: { status: 'unready', checks: { database: 'failed' } } })
    expect([liveness.status, health.status]).toEqual([200, 200])
  },
)
