import { createHmac } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { ensureKeys, followAlgorithm, rotateKeys } from '../../src/flows/sessions/key-rotation.ts'
import { listKeys } from '../../src/flows/sessions/signing-key.ts'
import { DAY, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'

async function jwksOf(authd: Authd): Promise<Record<string, unknown>[]> {
  return (await authd.browser().get('/.well-known/jwks.json')).body.keys
}

async function kidsOf(authd: Authd): Promise<unknown[]> {
  return (await jwksOf(authd)).map(({ kid }) => kid)
}

function kidOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
}

async function isTaken(authd: Authd, token: string): Promise<boolean> {
  return (await authd.browser().get('/v1/session', { bearer: token })).status === 200
}

test.each(['ES256', 'EdDSA', 'RS256'])('the %s key set has only public parts and may be cached', async (algorithm) => {
  const authd = await startAuthd({ config: { tokens: { algorithm } } })

  const { headers, body } = await authd.browser().get('/.well-known/jwks.json')

  expect(body.keys).toHaveLength(1)
  expect(body.keys[0]).toMatchObject({ alg: algorithm, use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) })
  expect(
    Object.keys(body.keys[0]).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'].includes(name)),
  ).toEqual([])
  expect(headers.get('Cache-Control')).toBe('public, max-age=300')
  expect(headers.get('Content-Type')).toMatch(/^application\/jwk-set\+json/)
})

test('an independent verifier accepts the token, but not with changed claims', async () => {
  const authd = await startAuthd()
  const { accessToken, userId } = await signInForTokens(authd)
  const keys = createRemoteJWKSet(new URL(`${authd.url}/.well-known/jwks.json`))
  const options = { issuer: authd.url, audience: authd.url, typ: 'at+jwt', currentDate: new Date(authd.clock.now()) }

  const { payload } = await jwtVerify(accessToken, keys, options)

  expect(payload.sub).toBe(userId)
  await expect(jwtVerify(accessToken, keys, { ...options, issuer: 'https://other.example' })).rejects.toThrow()
})

describe.each(['sqlite', 'postgres'] as const)('signing keys on %s', (database) => {
  test('a rotation publishes the next key before it signs, and keeps the old one until its last token expires', async () => {
    const authd = await startAuthd({ database })
    const [oldKid] = await kidsOf(authd)
    const before = await signInForTokens(authd)
    authd.clock.advance(SECOND)

    const { kid, signsFrom, olderVerifyUntil } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
    const published = await kidsOf(authd)
    authd.clock.set(signsFrom - 1)
    const last = await signInForTokens(authd)
    authd.clock.set(signsFrom)
    const first = await signInForTokens(authd)
    const both = [await isTaken(authd, last.accessToken), await isTaken(authd, first.accessToken)]
    authd.clock.set(signsFrom + 10 * MINUTE - 1)
    const atItsEnd = await isTaken(authd, last.accessToken)
    authd.clock.set(olderVerifyUntil)
    const afterwards = await kidsOf(authd)

    expect(published).toEqual([oldKid, kid])
    expect([kidOf(before.accessToken), kidOf(last.accessToken), kidOf(first.accessToken)]).toEqual([
      oldKid,
      oldKid,
      kid,
    ])
    expect([...both, atItsEnd]).toEqual([true, true, true])
    expect(afterwards).toEqual([kid])
  })

  test('a verifier that caches the key set as long as allowed always finds the key, also from another process', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    await kidsOf(other)

    const { kid, signsFrom } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
    // The other process checks the epochs every second, and serves the older set until then.
    authd.clock.advance(SECOND)
    const stale = await kidsOf(other)
    const keptUntil = authd.clock.now() + 5 * MINUTE
    await other.deps.cache.refresh()

    expect(stale).not.toContain(kid)
    expect(keptUntil).toBeLessThanOrEqual(signsFrom)
    expect(await kidsOf(other)).toEqual(await kidsOf(authd))
  })

  test('after a refresh, two processes accept each other’s tokens and agree on the signing key', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    await kidsOf(other)
    authd.clock.advance(SECOND)
    const { kid } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: true })
    await other.deps.cache.refresh()

    const [here, there] = [await signInForTokens(authd), await signInForTokens(other)]

    expect([kidOf(here.accessToken), kidOf(there.accessToken)]).toEqual([kid, kid])
    expect([await isTaken(other, here.accessToken), await isTaken(authd, there.accessToken)]).toEqual([true, true])
  })

  test('two processes that start on an empty database create one key', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    await authd.deps.db.write((trx) => trx.run('DELETE FROM signing_keys'))

    await Promise.all([ensureKeys(authd.deps), ensureKeys(other.deps)])
    const { length } = await listKeys(authd.deps)

    expect(length).toBe(1)
    await other.deps.cache.refresh()
    expect(await kidsOf(other)).toEqual(await kidsOf(authd))
  })
})

test('an immediate rotation stays in force while another is scheduled', async () => {
  const authd = await startAuthd()
  authd.clock.advance(SECOND)
  await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
  authd.clock.advance(SECOND)
  const { kid } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: true })

  authd.clock.advance(20 * MINUTE)
  const { accessToken } = await signInForTokens(authd)

  expect(kidOf(accessToken)).toBe(kid)
  expect(await isTaken(authd, accessToken)).toBe(true)
})

test('a key that is cancelled before it signs verifies on, because another process may have begun to sign', async () => {
  const authd = await startAuthd()
  const { kid } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })

  await rotateKeys(authd.deps, SYSTEM, { isImmediate: true })
  authd.clock.advance(MINUTE)

  expect(await kidsOf(authd)).toContain(kid)
})

test('refresh tokens survive a rotation', async () => {
  const authd = await startAuthd()
  const { refreshToken } = await signInForTokens(authd)
  await rotateKeys(authd.deps, SYSTEM, { isImmediate: true })

  const reply = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })

  expect(reply.status).toBe(200)
})

test('private keys are stored only sealed', async () => {
  const authd = await startAuthd()

  const rows = await authd.deps.db.read((sql) => sql.all('SELECT * FROM signing_keys'))

  expect(JSON.stringify(rows)).not.toMatch(/"d\\?":/)
  expect(rows).toHaveLength(2)
})

test('users can still sign in after the clock went back before the first key', async () => {
  const authd = await startAuthd()
  authd.clock.advance(-DAY)

  const { accessToken } = await signInForTokens(authd)
  expect(await isTaken(authd, accessToken)).toBe(true)
})

describe('HS256, for apps that share a secret', () => {
  const hs256_secret = 'a secret that the apps know, 32+ bytes'

  test('signs with that secret, publishes no key, and is rotated in the configuration', async () => {
    const authd = await startAuthd({ config: { tokens: { algorithm: 'HS256', hs256_secret } } })
    const { accessToken } = await signInForTokens(authd)

    const options = { issuer: authd.url, algorithms: ['HS256'], currentDate: new Date(authd.clock.now()) }
    const { protectedHeader } = await jwtVerify(accessToken, new TextEncoder().encode(hs256_secret), options)

    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'at+jwt' })
    expect(await jwksOf(authd)).toEqual([])
    expect(await isTaken(authd, accessToken)).toBe(true)
    await expect(rotateKeys(authd.deps, SYSTEM, { isImmediate: true })).rejects.toMatchObject({ code: 'FAILED' })
  })

  test('rejects tokens of another secret', async () => {
    const authd = await startAuthd({ config: { tokens: { algorithm: 'HS256', hs256_secret } } })
    const { accessToken } = await signInForTokens(authd)
    const [header, payload] = accessToken.split('.')

    const forge = (key: string) =>
      `${header}.${payload}.${createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url')}`

    expect(forge(hs256_secret)).toBe(accessToken)
    expect(await isTaken(authd, forge('another secret'))).toBe(false)
    expect(await isTaken(authd, forge(''))).toBe(false)
  })
})

test('after a rotation while the clock was a day behind, tokens are signed with the new key', async () => {
  const authd = await startAuthd()
  authd.clock.advance(-DAY)
  const { kid } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: true })
  authd.clock.advance(DAY)

  const { accessToken } = await signInForTokens(authd)
  const states = (await listKeys(authd.deps)).map(({ key, state }) => [key.kid === kid, state])

  expect([kidOf(accessToken), await isTaken(authd, accessToken)]).toEqual([kid, true])
  expect(states).toContainEqual([true, 'active'])
  expect(states).toContainEqual([false, 'retired'])
})

test('a waiting key of an algorithm that is no longer wanted is cancelled, and the audit log says so', async () => {
  const authd = await startAuthd({ config: { tokens: { algorithm: 'ES256' } } })
  const changed = await authd.another({ tokens: { algorithm: 'EdDSA' } })
  await followAlgorithm(changed.deps)
  await followAlgorithm(authd.deps)

  const events = (await authd.auditLog()).filter(({ eventType }) => eventType === 'signing_key.cancelled')
  expect(events).toMatchObject([{ metadata: { algorithm: 'EdDSA' } }])
})
