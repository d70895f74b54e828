import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { rotateKeys } from '../../src/flows/sessions/key-rotation.ts'
import { startAuthd } from '../support/harness.ts'

const METADATA = '/.well-known/oauth-authorization-server'
const JWKS = '/.well-known/jwks.json'
const APP = 'https://app.example.com'

describe('the metadata of the issuer (RFC 8414)', () => {
  test('names keys, introspection, revocation and algorithms, and claims no OpenID Connect', async () => {
    const authd = await startAuthd({ config: { public_url: 'https://auth.example.com' } })

    const { status, headers, body } = await authd.browser().get(METADATA)

    expect([status, headers.get('Content-Type')]).toEqual([200, 'application/json; charset=utf-8'])
    expect(body).toEqual({
      issuer: 'https://auth.example.com',
      jwks_uri: 'https://auth.example.com/.well-known/jwks.json',
      token_endpoint: 'https://auth.example.com/v1/token/refresh',
      token_endpoint_auth_methods_supported: ['none'],
      grant_types_supported: ['refresh_token'],
      response_types_supported: ['none'],
      introspection_endpoint: 'https://auth.example.com/v1/token/introspect',
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
      revocation_endpoint: 'https://auth.example.com/v1/token/revoke',
      revocation_endpoint_auth_methods_supported: ['none'],
      access_token_signing_alg_values_supported: ['ES256'],
    })
  })

  test('names only addresses that exist', async () => {
    const authd = await startAuthd()
    const { body } = await authd.browser().get(METADATA)
    const path = (name: string) => body[name].slice(authd.url.length)

    const keys = await authd.browser().get(path('jwks_uri'))
    const calls = ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint'].map(path)
    const replies = await Promise.all(calls.map((call) => authd.browser().post(call, { form: { token: 'x' } })))

    expect(keys.status).toBe(200)
    expect(replies.map(({ status }) => status)).not.toContain(404)
  })

  test('of an issuer with a path is found behind the well-known path too', async () => {
    const authd = await startAuthd({ config: { public_url: 'https://app.example.com/a/auth' } })

    const inserted = await authd.browser().get(`${METADATA}/a/auth`)
    const stripped = await authd.browser().get(METADATA)
    const others = [`${METADATA}/`, `${METADATA}/a`, `${METADATA}/a/auth/`, `${METADATA}/evil`]
    const wrong = await Promise.all(others.map((path) => authd.browser().get(path)))

    expect(inserted.body.issuer).toBe('https://app.example.com/a/auth')
    expect(inserted.body).toEqual(stripped.body)
    expect(wrong.map(({ status }) => status)).toEqual(others.map(() => 404))
  })

  test('with another algorithm names it beside that of keys that still verify', async () => {
    const authd = await startAuthd()
    const other = await authd.another({ tokens: { algorithm: 'EdDSA' } })

    const { body } = await other.browser().get(METADATA)

    expect(body.access_token_signing_alg_values_supported).toEqual(['EdDSA', 'ES256'])
  })
})

describe.each([METADATA, JWKS, '/openapi.json', '/.well-known/webauthn'])('%s', (path) => {
  test.each([
    ['no origin is listed', {}],
    ['an origin is listed', { cors: { allowed_origins: [APP] } }],
    ['all origins are', { cors: { allow_all: true } }],
  ])('may be read by scripts of any origin, without cookies, where %s', async (_, config) => {
    const authd = await startAuthd({ config })

    const replies = []
    for (const headers of [{ Origin: 'https://any.example' }, { Origin: APP }, {}]) {
      replies.push(await authd.browser().get(path, { headers }))
    }

    expect(replies.map((reply) => reply.headers.get('Access-Control-Allow-Origin'))).toEqual(['*', '*', '*'])
    expect(replies.map((reply) => reply.headers.get('Access-Control-Allow-Credentials'))).toEqual([null, null, null])
    expect(replies.map((reply) => reply.headers.get('Vary') ?? '').join()).not.toContain('Origin')
  })

  test('answers a preflight, for libraries that add headers', async () => {
    const authd = await startAuthd()
    const headers = { Origin: APP, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'x-lib' }

    const reply = await authd.browser().send('OPTIONS', path, { headers })

    expect(reply.status).toBe(204)
    expect(reply.headers.get('Access-Control-Allow-Methods')).toBe('GET')
    expect(reply.headers.get('Access-Control-Allow-Headers')).toBe('*')
  })

  test.each(['identity', 'gzip'])(
    'may be cached, and is sent only once as long as it is the same (%s)',
    async (encoding) => {
      const authd = await startAuthd()
      const headers = { 'Accept-Encoding': encoding }

      const first = await authd.browser().get(path)
      const encoded = await authd.browser().send('HEAD', path, { headers })
      const tag = encoded.headers.get('ETag') ?? ''
      const again = await authd.browser().get(path, { headers: { ...headers, 'If-None-Match': tag } })
      const other = await authd.browser().get(path, { headers: { 'If-None-Match': '"other"' } })

      expect(first.headers.get('ETag')).toMatch(/^"[\w-]{43}"$/)
      expect(first.headers.get('Cache-Control')).toMatch(/^public, max-age=\d+$/)
      expect(tag.replace('W/', '')).toBe(first.headers.get('ETag'))
      expect([again.status, again.body, again.headers.get('ETag')?.replace('W/', '')]).toEqual([
        304,
        '',
        first.headers.get('ETag'),
      ])
      expect(again.headers.get('Cache-Control')).toBe(first.headers.get('Cache-Control'))
      expect(other.status).toBe(200)
    },
  )

  test('needs no host name and takes no cookie', async () => {
    const authd = await startAuthd()
    const headers = { Host: 'authd.internal:3000', Cookie: 'authd=x; authd-attempt=y' }

    expect((await authd.browser().get(path, { headers })).status).toBe(200)
  })
})

test('a rotation changes the tag of the key set', async () => {
  const authd = await startAuthd()
  const before = await authd.browser().get(JWKS)
  await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })

  const after = await authd.browser().get(JWKS, { headers: { 'If-None-Match': before.headers.get('ETag') ?? '' } })

  expect(after.status).toBe(200)
  expect(after.headers.get('ETag')).not.toBe(before.headers.get('ETag'))
})
