import { createHmac, createPrivateKey, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

function decode(part = ''): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

function es256(key: KeyObject, input: string): string {
  return sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

/** The ways from RFC 8725 and jwt_tool to forge a token from a good one without its key. */
function forgeries(good: string, jwk: Record<string, unknown>, otherTokens: string[]): Record<string, string> {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const head = decode(header)
  const claims = decode(payload)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const mine = publicKey.export({ format: 'jwk' })
  const signed = (h: object, c: unknown = claims) => {
    const input = `${encode(h)}.${encode(c)}`
    return `${input}.${es256(privateKey, input)}`
  }
  const hmac = (h: object, key: string) => {
    const input = `${encode(h)}.${payload}`
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
  }
  const pem = createPublicPem(jwk)
  const none = (alg: string) => `${encode({ ...head, alg })}.${payload}.`
  const changed = (change: object) => `${header}.${encode({ ...claims, ...change })}.${signature}`
  const rsaInput = `${encode({ ...head, alg: 'RS256' })}.${payload}`
  return {
    'alg none': none('none'),
    'alg None': none('None'),
    'alg NONE': none('NONE'),
    'alg nOnE': none('nOnE'),
    'alg empty': none(''),
    'alg missing': `${encode({ typ: 'at+jwt', kid: head['kid'] })}.${payload}.${signature}`,
    'alg a list': `${encode({ ...head, alg: ['ES256'] })}.${payload}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'no signature part': `${header}.${payload}`,
    'five parts': `${good}.a.b`,
    'own key, our kid': signed(head),
    'own key, own kid': signed({ ...head, kid: 'mine' }),
    'own key in jwk': signed({ ...head, jwk: mine }),
    'own key in jku': signed({ ...head, jku: 'http://127.0.0.1:9/jwks.json' }),
    'own key in x5u': signed({ ...head, x5u: 'http://127.0.0.1:9/cert.pem' }),
    'own key in x5c': signed({ ...head, x5c: ['MIIB'] }),
    'kid is a path': signed({ ...head, kid: '../../../../dev/null' }),
    'kid is SQL': signed({ ...head, kid: "x' UNION SELECT 'a" }),
    'kid is a command': signed({ ...head, kid: '| sleep 10' }),
    'kid is an object': signed({ ...head, kid: { toString: 1 } }),
    'kid is __proto__': signed({ ...head, kid: '__proto__' }),
    'kid is null': signed({ ...head, kid: null }),
    'HS256 with the public key as PEM': hmac({ ...head, alg: 'HS256' }, pem),
    'HS256 with the public key as JWK': hmac({ ...head, alg: 'HS256' }, JSON.stringify(jwk)),
    'HS256 with an empty key': hmac({ ...head, alg: 'HS256' }, ''),
    'HS256 with "secret"': hmac({ ...head, alg: 'HS256' }, 'secret'),
    'HS384 with the public key': hmac({ ...head, alg: 'HS384' }, pem),
    'RS256 with an RSA key': `${rsaInput}.${createSign('sha256').update(rsaInput).sign(rsa.privateKey, 'base64url')}`,
    'ES256K header': `${encode({ ...head, alg: 'ES256K' })}.${payload}.${signature}`,
    'ES384 header': `${encode({ ...head, alg: 'ES384' })}.${payload}.${signature}`,
    'EdDSA header': `${encode({ ...head, alg: 'EdDSA' })}.${payload}.${signature}`,
    'PS256 header': `${encode({ ...head, alg: 'PS256' })}.${payload}.${signature}`,
    'signature of zeros (CVE-2022-21449)': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'signature in DER': `${header}.${payload}.${encode('0E')}`,
    'signature cut': `${header}.${payload}.${signature.slice(0, -4)}`,
    'signature with a tail': `${header}.${payload}.${signature}AAAA`,
    'signature with unused bits': `${good.slice(0, -1)}${nextLetter(good.at(-1))}`,
    'signature padded': `${good}==`,
    'signature in plain base64': `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}=`,
    'another sub': changed({ sub: 'usr_00000000000000000000000000' }),
    'another sid': changed({ sid: 'ses_00000000000000000000000000' }),
    'a later exp': changed({ exp: 4102444800 }),
    'aal 3': changed({ aal: 3 }),
    'own key, other issuer': signed(head, { ...claims, iss: 'https://evil.example' }),
    'own key, no exp': signed(head, { ...claims, exp: undefined }),
    'payload is a list': signed(head, []),
    'payload is a string': signed(head, '"admin"'),
    'payload is empty': `${header}..${signature}`,
    'header is empty': `.${payload}.${signature}`,
    'header is not JSON': `${encode('{')}.${payload}.${signature}`,
    'header is null': `${encode('null')}.${payload}.${signature}`,
    'header has crit': signed({ ...head, crit: ['exp'] }),
    'header has b64 false': signed({ ...head, b64: false, crit: ['b64'] }),
    'header has zip': signed({ ...head, zip: 'DEF' }),
    'duplicate alg': `${encode(`{"alg":"ES256","alg":"none","kid":"${head['kid']}","typ":"at+jwt"}`)}.${payload}.${signature}`,
    'typ JWT': signed({ ...head, typ: 'JWT' }),
    'an encrypted token': `${encode({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`,
    'spaces inside': `${header}. ${payload}.${signature}`,
    'a tab before': `\t${good}x`,
    'a very long one': `${header}.${'A'.repeat(6000)}.${signature}`,
    'dots only': '..',
    'one dot': '.',
    'no dots': 'token',
    ...Object.fromEntries(otherTokens.map((token) => [`of another kind: ${token.slice(0, 4)}`, token])),
  }
}

function createPublicPem(jwk: Record<string, unknown>): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })).asymmetricKeyType + JSON.stringify(jwk)
}

function nextLetter(letter = 'A'): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[(alphabet.indexOf(letter) + 1) % 64] ?? 'B'
}

test('forged tokens and tokens of another kind are rejected without a server error', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const begun = await browser.post('/v1/signin', { json: { email: 'eve@example.com' } })
  const { accessToken, refreshToken, sessionId } = await signInForTokens(authd)
  const jwks = await browser.get('/.well-known/jwks.json')
  const elsewhere = await startAuthd()
  const foreign = await signInForTokens(elsewhere)
  const others = [refreshToken, begun.body.attempt_token, foreign.accessToken, `${sessionId}.${'A'.repeat(43)}`]

  const statuses: Record<string, number> = {}
  for (const [name, token] of Object.entries(forgeries(accessToken, jwks.body.keys[0], others))) {
    const reply = await browser.get('/v1/session', { headers: { Authorization: `Bearer ${token.trim()}` } })
    statuses[name] = reply.status
  }

  expect(Object.keys(statuses).length).toBeGreaterThan(60)
  expect(Object.entries(statuses).filter(([, status]) => status !== 401)).toEqual([])
  expect((await browser.get('/v1/session', { bearer: accessToken })).status).toBe(200)
})

test('a token expires at its exp, with five seconds of leeway', async () => {
  const authd = await startAuthd()
  const { accessToken } = await signInForTokens(authd)

  authd.clock.advance(10 * MINUTE + 4 * SECOND)
  const within = await authd.browser().get('/v1/session', { bearer: accessToken })
  authd.clock.advance(2 * SECOND)
  const beyond = await authd.browser().get('/v1/session', { bearer: accessToken })

  expect([within.status, beyond.status]).toEqual([200, 401])
})

test('a token for another audience is rejected', async () => {
  const authd = await startAuthd({ config: { tokens: { audience: 'https://api.example.com' } } })
  const { accessToken } = await signInForTokens(authd)

  const claims = decode(accessToken.split('.')[1])
  const reply = await authd.browser().get('/v1/session', { bearer: accessToken })

  expect(claims['aud']).toBe('https://api.example.com')
  expect(reply.status).toBe(200)
})

test.each(['Bearer', 'Bearer ', 'Bearer %', 'bearer a b', 'Basic', 'Basic %%%', 'Basic OnBhc3M=', 'Digest x', 'x'])(
  'a malformed Authorization header (%s) is 401 and never falls back to the cookie',
  async (authorization) => {
    const authd = await startAuthd()
    const reply = await authd.browser().get('/v1/session', { headers: { Authorization: authorization } })

    expect(reply.status).toBe(401)
  },
)
