import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'
import { fc } from '../support/property.ts'
import { ROUTES } from './fuzz/calls.ts'

/** What OAuth libraries send beside the token, as RFC 6749 §2.3.1 and RFC 8707 have it. */
const EXTRA = { client_id: 'shop', client_secret: 'x', resource: 'https://api.example.com', scope: '', audience: 'y' }

async function keyFor(authd: Authd, scopes: ('introspect' | 'users:read')[] = ['introspect']): Promise<string> {
  return (await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes, expiresAt: null })).token
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

describe('the forms of RFC 7009 and RFC 7662', () => {
  test('ignore parameters that they do not know (RFC 6749 §3.2)', async () => {
    const authd = await startAuthd()
    const bearer = await keyFor(authd)
    const { accessToken } = await signInForTokens(authd)

    const asked = await authd.browser().post('/v1/token/introspect', { form: { token: accessToken, ...EXTRA }, bearer })
    const revoked = await authd.browser().post('/v1/token/revoke', { form: { token: accessToken, ...EXTRA } })
    const again = await authd.browser().post('/v1/token/introspect', { form: { token: accessToken }, bearer })

    expect([asked.status, asked.body.active, revoked.status, again.body.active]).toEqual([200, true, 200, false])
  })

  test.each([
    ['introspect', 'token=x&token=y'],
    ['introspect', 'token=x&client_id=a&client_id=b'],
    ['revoke', 'token=x&token=x'],
    ['revoke', 'token=x&%63lient_id=a&client_id=a'],
  ])('%s: %s is rejected, because a parameter comes twice', async (call, body) => {
    const authd = await startAuthd()
    const headers = {
      Host: new URL(authd.url).host,
      Authorization: `Bearer ${await keyFor(authd)}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    }

    const { status, text } = await exchange(`${authd.address}/v1/token/${call}`, { method: 'POST', headers, body })

    expect([status, JSON.parse(text).error]).toEqual([400, 'invalid_request'])
  })
})

const GRANT = { grant_type: 'refresh_token' }
/** An access token of another server, with many claims. */
const JWT = ['h', 'p'.repeat(800), 's'.repeat(86)].join('.')

describe('a refresh by form (RFC 6749 §6)', () => {
  const REFRESH = '/v1/token/refresh'

  test.each([
    ['with nothing else', {}, {}],
    ['with client_id, scope and resource', EXTRA, {}],
    ['with a client that has no secret, by Basic', {}, { Authorization: basic('shop', '') }],
    ['with a client that has a secret, by Basic', {}, { Authorization: basic('shop', 'x') }],
    ['with a charset', {}, { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }],
  ])('%s returns tokens that nobody may store', async (_, extra, headers) => {
    const authd = await startAuthd()
    const { refreshToken } = await signInForTokens(authd)
    const form = { ...GRANT, refresh_token: refreshToken, ...extra }

    const reply = await authd.browser().post(REFRESH, { form, headers })

    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject({ token_type: 'Bearer', expires_in: 600 })
    expect(Object.keys(reply.body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type'])
    expect(reply.headers.get('Cache-Control')).toBe('no-store')
    expect(reply.headers.get('Pragma')).toBe('no-cache')
  })

  test.each([
    ['a made-up token', { ...GRANT, refresh_token: 'x' }, 'invalid_grant'],
    ['no token', GRANT, 'invalid_request'],
    ['an empty token', { ...GRANT, refresh_token: '' }, 'invalid_request'],
    ['no grant', { refresh_token: 'x' }, 'invalid_request'],
    ['another grant', { grant_type: 'password', refresh_token: 'x' }, 'unsupported_grant_type'],
    ['another grant without a token', { grant_type: 'authorization_code', code: 'x' }, 'unsupported_grant_type'],
    ['an empty grant, which counts as none (RFC 6749 §3.2)', { grant_type: '', refresh_token: 'x' }, 'invalid_request'],
    ['a JWT as token', { ...GRANT, refresh_token: JWT }, 'invalid_grant'],
    ['a token that is too long', { ...GRANT, refresh_token: 'x'.repeat(9000) }, 'invalid_grant'],
  ])('with %s is 400', async (_, form, error) => {
    const authd = await startAuthd()

    const { status, body, headers } = await authd.browser().post(REFRESH, { form: form as Record<string, string> })

    expect([status, body.error, typeof body.error_description]).toEqual([400, error, 'string'])
    expect([headers.get('Cache-Control'), headers.get('WWW-Authenticate')]).toEqual(['no-store', null])
  })

  test('with a token of an ended session is invalid_grant, and by JSON still 401', async () => {
    const authd = await startAuthd()
    const { refreshToken: refresh_token } = await signInForTokens(authd)
    await authd.browser().post('/v1/token/revoke', { form: { token: refresh_token } })

    const form = await authd.browser().post(REFRESH, { form: { ...GRANT, refresh_token } })
    const json = await authd.browser().post(REFRESH, { json: { refresh_token } })

    expect([form.status, form.body.error]).toEqual([400, 'invalid_grant'])
    expect([json.status, json.body.code]).toEqual([401, 'EXPIRED_TOKEN'])
    expect(json.headers.get('WWW-Authenticate')).toBe('Bearer realm="authd", error="invalid_token"')
  })

  test.each([
    ['of another shape', 'x'],
    ['that is a JWT', JWT],
    ['that is too long', 'x'.repeat(9000)],
    ['with an umlaut', 'ü'],
    ['of one space', ' '],
  ])('as JSON with a token %s is INVALID_TOKEN', async (_, token) => {
    const authd = await startAuthd()

    const { status, body } = await authd.browser().post(REFRESH, { json: { refresh_token: token } })

    expect([status, body.code]).toEqual([401, 'INVALID_TOKEN'])
  })

  test('counts a wrong token like one in JSON', async () => {
    const limits = { requests_per_minute: 2, guesses_per_hour: 1000, mails_per_hour: 1000 }
    const authd = await startAuthd({ config: { limits } })
    const form = { ...GRANT, refresh_token: 'x' }

    const replies = []
    for (let at = 0; at < 3; at += 1) replies.push(await authd.browser().post(REFRESH, { form }))

    expect(replies.map(({ status, body }) => [status, body.error])).toEqual([
      [400, 'invalid_grant'],
      [400, 'invalid_grant'],
      [429, 'temporarily_unavailable'],
    ])
    expect(replies[2]?.headers.get('Retry-After')).toMatch(/^\d+$/)
  })
})

/** Every character that is not a letter or digit, as openid-client encodes it (RFC 6749 §2.3.1). */
const encoded = (text: string) =>
  text.replace(/[^A-Za-z0-9]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

const BASIC_USERS = ['', 'shop', 'any one', 'any+one', '%C3%A4%3A', 'ä', '100%', '50%off', 'a%zz', '%ff', '%']

describe('introspection and revocation', () => {
  test.each(['form', 'json'])(
    'take %s, and introspection an API key by Bearer or as the password of any user',
    async (type) => {
      const authd = await startAuthd()
      const key = await keyFor(authd)
      const { accessToken: token } = await signInForTokens(authd)
      const credentials = [`Bearer ${key}`, ...BASIC_USERS.map((user) => basic(user, key)), basic('shop', encoded(key))]

      const asked = []
      for (const Authorization of credentials) {
        const headers = { Authorization }
        asked.push(await authd.browser().post('/v1/token/introspect', { [type]: { token }, headers }))
      }
      const revoked = await authd.browser().post('/v1/token/revoke', { [type]: { token } })
      const again = await authd.browser().post('/v1/token/introspect', { [type]: { token }, bearer: key })

      expect(asked.map(({ status, body }) => [status, body.active])).toEqual(credentials.map(() => [200, true]))
      expect(asked.map(({ headers }) => headers.get('Cache-Control'))).toEqual(credentials.map(() => 'no-store'))
      expect([revoked.status, again.body]).toEqual([200, { active: false }])
    },
  )

  test.each([
    ['no colon', (key: string) => key],
    ['a malformed percent in the password', (key: string) => `shop:${key}%`],
    ['bytes that are not UTF-8 in the password', (key: string) => `shop:${key}%ff`],
    ['a space in the password', (key: string) => `shop:+${key}`],
    ['a doubly encoded password', (key: string) => `shop:${encoded(encoded(key))}`],
    ['the key as user', (key: string) => `${key}:`],
  ])('Basic credentials with %s are rejected', async (_, write) => {
    const authd = await startAuthd()
    const headers = { Authorization: `Basic ${Buffer.from(write(await keyFor(authd))).toString('base64')}` }

    const reply = await authd.browser().post('/v1/token/introspect', { form: { token: 'x' }, headers })

    expect([reply.status, reply.body.error]).toEqual([401, 'invalid_client'])
    expect(reply.headers.get('WWW-Authenticate')).toMatch(/^Basic /)
  })

  test.each(['form', 'json'])('answer for a token of any length by %s', async (type) => {
    const authd = await startAuthd()
    const bearer = await keyFor(authd)
    const sent = { token: 'x'.repeat(9000), token_type_hint: 'x'.repeat(65) }

    const asked = await authd.browser().post('/v1/token/introspect', { [type]: sent, bearer })
    const revoked = await authd.browser().post('/v1/token/revoke', { [type]: sent })

    expect([asked.status, asked.body, revoked.status]).toEqual([200, { active: false }, 200])
  })

  test('by JSON have the errors of the API, and reject unknown fields', async () => {
    const authd = await startAuthd()
    const bearer = await keyFor(authd)

    const unknown = await authd.browser().post('/v1/token/introspect', { json: { token: 'x', client_id: 'y' }, bearer })
    const nobody = await authd.browser().post('/v1/token/introspect', { json: { token: 'x' } })

    expect([unknown.status, unknown.body.code]).toEqual([400, 'VALIDATION_ERROR'])
    expect([nobody.status, nobody.body.code]).toEqual([401, 'UNAUTHORIZED'])
  })

  test('by form name a rejected client invalid_client', async () => {
    const authd = await startAuthd()
    const headers = { Authorization: basic('shop', 'key_wrong') }

    const { status, body } = await authd.browser().post('/v1/token/introspect', { form: { token: 'x' }, headers })

    expect([status, body.error]).toEqual([401, 'invalid_client'])
  })
})

describe('the challenge of a rejected request', () => {
  const INTROSPECT = '/v1/token/introspect'
  const BASIC = 'Basic realm="authd", charset="UTF-8"'
  const BEARER = 'Bearer realm="authd"'

  test.each([
    ['Basic credentials at introspection', INTROSPECT, basic('shop', 'wrong'), BASIC],
    ['Basic credentials in another case', INTROSPECT, basic('shop', 'key_wrong').replace('Basic', 'bAsIc'), BASIC],
    ['Basic credentials that are not base64', INTROSPECT, 'Basic !', BASIC],
    ['Basic credentials at the API', '/v1/me', basic('a', 'b'), BASIC],
    ['a wrong token', INTROSPECT, 'Bearer wrong', `${BEARER}, error="invalid_token"`],
    ['a wrong token at the API', '/v1/me', 'Bearer wrong', `${BEARER}, error="invalid_token"`],
    ['no credentials at introspection', INTROSPECT, undefined, `${BEARER}, ${BASIC}`],
    ['no credentials at the API, where a browser would ask for a password', '/v1/me', undefined, BEARER],
    ['an unknown scheme', '/v1/me', 'Digest x', BEARER],
    ['a scheme without a token', '/v1/me', 'Bearer', `${BEARER}, error="invalid_token"`],
    ['a scheme in another case', '/v1/me', 'bEARER wrong', `${BEARER}, error="invalid_token"`],
  ])('%s', async (_, path, Authorization, challenge) => {
    const authd = await startAuthd()
    const headers = Authorization === undefined ? {} : { Authorization }

    const { status, headers: answered } = await (path === INTROSPECT
      ? authd.browser().post(path, { form: { token: 'x' }, headers })
      : authd.browser().get(path, { headers }))

    expect([status, answered.get('WWW-Authenticate')]).toEqual([401, challenge])
  })

  test('a genuine key without the scope gets insufficient_scope (RFC 6750 §3.1)', async () => {
    const authd = await startAuthd()
    const bearer = await keyFor(authd, ['users:read'])

    const { status, headers } = await authd.browser().post(INTROSPECT, { form: { token: 'x' }, bearer })

    expect([status, headers.get('WWW-Authenticate')]).toEqual([403, `${BEARER}, error="insufficient_scope"`])
  })

  test('on every route that takes a token, the reason for a wrong one is invalid_token, and without one there is none', async () => {
    const authd = await startAuthd()
    const guarded = ROUTES.filter(({ guard }) => guard !== 'none')
    await keyFor(authd, ['users:read'])
    const call = async (headers: Record<string, string>) => {
      const replies = []
      for (const { method, path } of guarded) {
        const reply = await authd.browser().send(method, path.replace(/:\w+/, 'x'), { headers })
        replies.push([reply.status, reply.headers.get('WWW-Authenticate')?.replace(`, ${BASIC}`, '')])
      }
      return replies
    }

    const wrong = await call({ Authorization: 'Bearer wrong' })
    const none = await call({})

    expect(guarded.length).toBeGreaterThan(40)
    expect(wrong).toEqual(guarded.map(() => [401, `${BEARER}, error="invalid_token"`]))
    expect(none).toEqual(guarded.map(() => [401, BEARER]))
  })

  test.each(['', 'Digest x', 'key_x', 'Basic', 'Negotiate'])(
    'on every such route, "Authorization: %s" is 401 with a challenge, also beside the cookie of a session',
    async (Authorization) => {
      const authd = await startAuthd()
      const browser = authd.browser()
      await signInOnPage(authd, browser)
      await keyFor(authd, ['users:read'])

      const replies = []
      for (const { name, method, path } of ROUTES.filter(({ guard }) => guard !== 'none')) {
        const reply = await browser.send(method, path.replace(/:\w+/, 'x'), { headers: { Authorization } })
        replies.push([name, reply.status, reply.headers.get('WWW-Authenticate')?.split(' ')[0] !== undefined])
      }

      expect(replies.filter(([, status, hasChallenge]) => status !== 401 || !hasChallenge)).toEqual([])
      expect((await browser.get('/v1/session')).status).toBe(200)
    },
  )

  test('a genuine token at a route for API keys, and a key at one for users, are invalid there', async () => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)

    const token = await authd.browser().post(INTROSPECT, { form: { token: 'x' }, bearer: accessToken })
    const key = await authd.browser().get('/v1/me', { bearer: await keyFor(authd) })

    expect([token, key].map(({ headers }) => headers.get('WWW-Authenticate'))).toEqual([
      `${BEARER}, error="invalid_token"`,
      `${BEARER}, error="invalid_token"`,
    ])
  })

  test('a wrong code does not blame the token that came with it', async () => {
    const authd = await startAuthd()
    const { accessToken: bearer } = await signInForTokens(authd)

    const { status, headers } = await authd.browser().post('/v1/stepup/code', { json: { code: '000000' }, bearer })

    expect([status, headers.get('WWW-Authenticate')]).toEqual([401, BEARER])
  })

  test('a wrong code of a signed-in user does not blame their session', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)

    const { status, headers } = await browser.post('/v1/stepup/code', { json: { code: '000000' } })

    expect([status, headers.get('WWW-Authenticate')]).toEqual([401, BEARER])
  })
})

describe('a form that cannot be read', () => {
  const FORM = 'application/x-www-form-urlencoded'
  const CALLS = ['refresh', 'revoke', 'introspect']
  const big = `token=${'x'.repeat(70_000)}`
  const FAULTS: [what: string, headers: Record<string, string>, body: string][] = [
    ['too large', { 'Content-Type': FORM }, big],
    ['in another charset', { 'Content-Type': `${FORM}; charset=utf-16` }, 'token=x'],
    ['multipart', { 'Content-Type': 'multipart/form-data; boundary=x' }, '--x--'],
    ['text', { 'Content-Type': 'text/plain' }, 'token=x'],
    ['compressed', { 'Content-Type': FORM, 'Content-Encoding': 'gzip' }, 'token=x'],
    ['with a parameter twice', { 'Content-Type': FORM }, 'a=1&a=2'],
    ['with a wrong address of a user', { 'Content-Type': FORM, 'Authd-Client-IP': 'x' }, 'token=x'],
  ]

  test.each(CALLS.flatMap((call) => FAULTS.map((fault) => [call, ...fault] as const)))(
    '%s, %s, is invalid_request',
    async (call, _, headers, body) => {
      const authd = await startAuthd()
      const scopes = ['introspect', 'signin'] as const
      const { token } = await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes: [...scopes], expiresAt: null })
      const own = { Host: new URL(authd.url).host, Authorization: `Bearer ${token}` }

      const {
        status,
        text,
        headers: answered,
      } = await exchange(`${authd.address}/v1/token/${call}`, {
        method: 'POST',
        headers: { ...own, ...headers },
        body,
      })

      expect([status, JSON.parse(text)]).toEqual([
        400,
        { error: 'invalid_request', error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/) },
      ])
      expect(answered.get('Content-Type')).toMatch(/^application\/json/)
    },
  )

  test('is described in the characters of RFC 6749 §5.2, whatever its fields are called', async () => {
    const authd = await startAuthd()

    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.constantFrom(...CALLS.slice(0, 2)), async (name, call) => {
        const field = new URLSearchParams([
          [name, 'x'],
          [name, 'y'],
          ['token', `${name}"\\`],
        ]).toString()
        const { status, text } = await exchange(`${authd.address}/v1/token/${call}`, {
          method: 'POST',
          headers: { 'Content-Type': FORM },
          body: field,
        })

        expect([status, JSON.parse(text).error]).toEqual([400, 'invalid_request'])
        expect(JSON.parse(text).error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
      }),
      { numRuns: 100 },
    )
  })

  test.each(['revoke', 'refresh'])('%s: JSON that is too large gets the error of the API', async (call) => {
    const authd = await startAuthd()

    const { status, body } = await authd.browser().post(`/v1/token/${call}`, { json: { token: 'x'.repeat(70_000) } })

    expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })
})
