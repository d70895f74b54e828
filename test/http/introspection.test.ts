import { describe, expect, test } from 'vitest'
import { createApiKey, endApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { HOUR, MINUTE, toSeconds } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

async function createKey(authd: Authd, { scopes = ['introspect'], expiresAt = null as number | null } = {}) {
  return await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes: scopes as ['introspect'], expiresAt })
}

async function introspect(authd: Authd, token: string, bearer?: string) {
  const key = bearer ?? (await createKey(authd)).token
  return await authd.browser().post('/v1/token/introspect', { form: { token }, bearer: key })
}

describe('introspection (RFC 7662)', () => {
  test('returns the claims of a live access token', async () => {
    const authd = await startAuthd()
    const { accessToken, sessionId, userId } = await signInForTokens(authd)

    const { status, headers, body } = await introspect(authd, accessToken)

    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    expect(status).toBe(200)
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(body).toEqual({ active: true, token_type: 'Bearer', ...claims })
    expect(body).toMatchObject({ sub: userId, sid: sessionId, iss: authd.url })
  })

  test('returns a live refresh token, with or without a hint, and the end of its session', async () => {
    const authd = await startAuthd()
    const { refreshToken, sessionId } = await signInForTokens(authd)
    const { token: bearer } = await createKey(authd)

    const form = { token: refreshToken, token_type_hint: 'access_token' }
    const { body } = await authd.browser().post('/v1/token/introspect', { form, bearer })

    expect(body).toMatchObject({ active: true, token_type: 'refresh_token', sid: sessionId })
    expect(body.exp).toBe(toSeconds(authd.clock.now() + 14 * 24 * HOUR))
  })

  test('returns exactly {"active":false} for everything else', async () => {
    const authd = await startAuthd()
    const gone = await signInForTokens(authd)
    const { token: bearer, key } = await createKey(authd)
    await authd.browser().post('/v1/logout', { bearer: gone.accessToken })
    const live = await signInForTokens(authd)
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const next = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: live.refreshToken } })
    const tokens = [gone.accessToken, gone.refreshToken, live.refreshToken, `${live.accessToken}x`, 'x', bearer, key.id]

    const replies = []
    for (const token of [...tokens, browser.cookies.get('authd') ?? '']) {
      replies.push(await introspect(authd, token, bearer))
    }
    authd.clock.advance(11 * MINUTE)
    replies.push(await introspect(authd, next.body.access_token, bearer))

    expect(replies.map(({ status, body }) => [status, body])).toEqual(replies.map(() => [200, { active: false }]))
  })

  test('also accepts the key as the password of Basic', async () => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)
    const { token, key } = await createKey(authd)
    const Authorization = `Basic ${Buffer.from(`${key.id}:${token}`).toString('base64')}`

    const reply = await authd
      .browser()
      .post('/v1/token/introspect', { form: { token: accessToken }, headers: { Authorization } })

    expect(reply.body.active).toBe(true)
  })

  test('is refused with RFC 6749’s errors without a live key of the scope', async () => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)
    const revoked = await createKey(authd)
    await endApiKey(authd.deps, SYSTEM, revoked.key.id)
    const expired = await createKey(authd, { expiresAt: authd.clock.now() })
    const scopeless = await createKey(authd, { scopes: [] })
    const good = await createKey(authd)
    const wrongSecret = `${good.key.id}.${'A'.repeat(43)}`

    const without = await authd.browser().post('/v1/token/introspect', { form: { token: accessToken } })
    const replies = [without]
    for (const bearer of [revoked.token, expired.token, wrongSecret, accessToken, 'x', scopeless.token]) {
      replies.push(await introspect(authd, accessToken, bearer))
    }

    expect(replies.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401, 403])
    expect(replies.map(({ body }) => body.error)).toEqual([
      ...Array.from({ length: 6 }, () => 'invalid_client'),
      'insufficient_scope',
    ])
    expect(without.headers.get('WWW-Authenticate')).toContain('Bearer')
  })

  test.each([
    ['no token', {}],
    ['an empty token', { token: '' }],
  ])('%s is invalid_request', async (_, form) => {
    const authd = await startAuthd()
    const { token: bearer } = await createKey(authd)

    const { status, body } = await authd.browser().post('/v1/token/introspect', { form, bearer })

    expect([status, body.error]).toEqual([400, 'invalid_request'])
  })

  test('records the use of a key at most once a minute', async () => {
    const authd = await startAuthd()
    const { token, key } = await createKey(authd)
    const usedAt = async () => {
      const row = await authd.deps.db.read((sql) =>
        sql.one<{ last_used_at: number }>('SELECT last_used_at FROM api_keys WHERE id = ?', [key.id]),
      )
      return row?.last_used_at
    }
    const first = authd.clock.now()

    await introspect(authd, 'x', token)
    authd.clock.advance(MINUTE - 1)
    await introspect(authd, 'x', token)
    const within = await usedAt()
    authd.clock.advance(2)
    await introspect(authd, 'x', token)

    expect([within, await usedAt()]).toEqual([first, first + MINUTE + 1])
  })
})

describe('revocation (RFC 7009)', () => {
  test.each(['accessToken', 'refreshToken'] as const)('ends the session of a live %s', async (kind) => {
    const authd = await startAuthd()
    const tokens = await signInForTokens(authd)

    const reply = await authd.browser().post('/v1/token/revoke', { form: { token: tokens[kind] } })

    const session = await authd.browser().get('/v1/session', { bearer: tokens.accessToken })
    const refreshed = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: tokens.refreshToken } })
    expect([reply.status, reply.body]).toEqual([200, ''])
    expect([session.status, refreshed.status]).toEqual([401, 401])
  })

  test('answers 200 to unknown, forged and ended tokens, and ends nothing', async () => {
    const authd = await startAuthd()
    const { accessToken, refreshToken, sessionId } = await signInForTokens(authd, ADA)
    const [id] = refreshToken.split('.')

    const replies = []
    for (const token of ['x', `${id}.0.${'A'.repeat(43)}`, `${accessToken}x`, sessionId]) {
      replies.push(await authd.browser().post('/v1/token/revoke', { form: { token, token_type_hint: 'x' } }))
    }

    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect((await authd.browser().get('/v1/session', { bearer: accessToken })).status).toBe(200)
  })

  test('a missing token is invalid_request', async () => {
    const authd = await startAuthd()

    const reply = await authd.browser().post('/v1/token/revoke', { form: {} })

    expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})
