import { once } from 'node:events'
import { createServer } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { expect, onTestFinished } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { rotateKeys } from '../../src/flows/sessions/key-rotation.ts'
import { HOUR, MINUTE } from '../../src/platform/clock.ts'
import { startExample } from './example.ts'
import { type Authd, startAuthd } from './harness.ts'
import { signInForTokens } from './people.ts'

const AUDIENCE = 'https://api.example.com'
/** RFC 6750 §3.1 */
const REFUSED = expect.stringMatching(/^401 Bearer .*error="invalid_token"/)

const NOT_ASKED = expect.stringMatching(/^401 Bearer(?!.*error=)/)

interface Trial {
  command: string[]
  env?: Record<string, string>
  /** It asks authd about each token. Then it notices a revoked session, but cannot answer while authd is away. */
  asks: boolean
  /** It downloads the keys all the time. The others download them once, and once more for many tokens of unknown keys. */
  renews?: boolean
}

/**
 * Tries an example that protects a route: which tokens it accepts, across a planned rotation of the keys, after the
 * session was revoked, and without authd. Examples read the real time, so the daemon's clock begins in the past and ends at the present.
 */
export async function tryExample({ command, env = {}, asks, renews = false }: Trial): Promise<void> {
  const now = Date.now()
  const authd = await startAuthd({ now: now - 25 * HOUR, config: { tokens: { audience: AUDIENCE } } })
  const key = await createApiKey(authd.deps, SYSTEM, { name: 'api', scopes: ['introspect'], expiresAt: null })
  const expired = await signInForTokens(authd)
  authd.clock.advance(59 * MINUTE)
  const rotation = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
  authd.clock.advance(now - 2 * MINUTE - authd.clock.now())
  const before = await signInForTokens(authd)
  authd.clock.advance(rotation.signsFrom + MINUTE - authd.clock.now())
  const after = await signInForTokens(authd)
  const forged = await forgeries(authd, after.accessToken)
  const url = await startExample(command, {
    env: { AUTHD_URL: authd.url, AUDIENCE, AUTHD_KEY: key.token, ...env },
  })
  const silent = await silentServer()
  const unheard = await authd.another({ public_url: silent, tokens: { audience: AUDIENCE } })
  const { accessToken: unjudged } = await signInForTokens(unheard)
  const hung = startExample(command, { env: { AUTHD_URL: silent, AUDIENCE, AUTHD_KEY: key.token, ...env } })
  const call = async (authorization?: string, at = url) => {
    const answer = await fetch(at, { headers: authorization === undefined ? {} : { Authorization: authorization } })
    const text = await answer.text()
    return answer.ok ? JSON.parse(text) : `${answer.status} ${answer.headers.get('WWW-Authenticate') ?? ''}`.trim()
  }
  const callAll = async (tokens: Record<string, string>) => {
    const calls = Object.entries(tokens).map(async ([name, token]) => [name, await call(`Bearer ${token}`)])
    return Object.fromEntries(await Promise.all(calls))
  }

  const duringHang = call(`Bearer ${unjudged}`, await hung)
  const anonymous = await Promise.all([call(), call(`Basic ${after.accessToken}`)])
  const refused = await callAll({ expired: expired.accessToken, refresh: after.refreshToken, ...forged })
  const accepted = await callAll({ before: before.accessToken, after: after.accessToken })
  for (const _ of Array(20)) await call(`Bearer ${forged['unknown key']}`)
  const downloads = await countDownloads(authd)
  await authd.browser().post('/v1/logout', { bearer: before.accessToken })
  const revoked = await call(`Bearer ${before.accessToken}`)
  await authd.stop()
  const withoutAuthd = await Promise.all([1, 2, 3].map(async () => await call(`Bearer ${after.accessToken}`)))

  const hello = { hello: after.userId }
  expect(kidOf(after.accessToken)).not.toBe(kidOf(before.accessToken))
  expect(accepted).toEqual({ before: hello, after: hello })
  expect(refused).toEqual(Object.fromEntries(Object.keys(refused).map((name) => [name, REFUSED])))
  // RFC 6750 §3.1: without a token there is no error code.
  expect(anonymous).toEqual([NOT_ASKED, NOT_ASKED])
  expect(downloads).toSatisfy((count) => (asks ? count === 0 : count > 0 && (renews || count <= 2)))
  expect(await duringHang).toBe('503')
  expect(revoked).toEqual(asks ? REFUSED : hello)
  expect(withoutAuthd).toEqual(Array(3).fill(asks ? '503' : hello))
}

/** How many requests for the JWKS authd has answered. */
async function countDownloads({ deps }: Authd): Promise<number> {
  const lines = (await deps.metrics.render()).text.split('\n')
  const line = lines.find((text) => text.includes('request_duration_seconds_count') && text.includes('jwks.json'))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** The address of a server that accepts connections and never answers. */
async function silentServer(): Promise<string> {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  return `http://localhost:${typeof address === 'object' ? address?.port : 0}`
}

/** Tokens that an API must refuse: made by others, changed, or made by authd for somebody else. */
async function forgeries(authd: Authd, token: string): Promise<Record<string, string>> {
  const [head = '', body = '', signature = ''] = token.split('.')
  const { kid } = headerOf(token)
  const claims: JWTPayload = JSON.parse(Buffer.from(body, 'base64url').toString())
  const other = await generateKeyPair('ES256')
  const signed = (header: { alg: string; kid?: string }, key: CryptoKey | Uint8Array) =>
    new SignJWT(claims).setProtectedHeader({ typ: 'at+jwt', ...header }).sign(key)
  const published = Buffer.from(JSON.stringify(await exportJWK(other.publicKey)))
  const url = { public_url: authd.url }
  const elsewhere = await authd.another({ ...url, tokens: { audience: 'https://other.example.com' } })
  const issuer = await authd.another({ public_url: 'http://localhost:1', tokens: { audience: AUDIENCE } })
  return {
    'other key': await signed({ alg: 'ES256', kid: String(kid) }, other.privateKey),
    'unknown key': await signed({ alg: 'ES256', kid: 'unknown' }, other.privateKey),
    'without key id': await signed({ alg: 'ES256' }, other.privateKey),
    'symmetric key': await signed({ alg: 'HS256', kid: String(kid) }, published),
    unsigned: `${encoded({ alg: 'none', typ: 'at+jwt', kid })}.${body}.`,
    'other user': `${head}.${encoded({ ...claims, sub: 'usr_eve' })}.${signature}`,
    'other audience': (await signInForTokens(elsewhere)).accessToken,
    'other issuer': (await signInForTokens(issuer)).accessToken,
    'no token': 'x',
  }
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}

const kidOf = (token: string) => headerOf(token)['kid']
