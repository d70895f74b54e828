import type { JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { followAlgorithm, rotateKeys } from '../../src/flows/sessions/key-rotation.ts'
import { listKeys } from '../../src/flows/sessions/signing-key.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'
import { VERIFIERS } from '../support/verifiers.ts'

/** Reads the key set again once its copy is that old, and never for an unknown key. Many libraries do. */
function cachingVerifier(authd: Authd, everyMs: number, judge: (typeof VERIFIERS)['jose']) {
  let cached: { at: number; keys: JWK[] } | undefined
  return async (token: string): Promise<string | undefined> => {
    const now = authd.clock.now()
    if (!cached || now - cached.at >= everyMs) {
      cached = { at: now, keys: (await authd.browser().get('/.well-known/jwks.json')).body.keys }
    }
    return await judge(token, { keys: cached.keys, issuer: authd.url, audience: authd.url, typ: 'at+jwt', now })
  }
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
}

async function mintFor(authd: Authd, refreshToken: string) {
  const { body } = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
  return { accessToken: body.access_token as string, refreshToken: body.refresh_token as string }
}

const JUDGES = Object.entries(VERIFIERS)
const ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const

describe.each(JUDGES)('the verifier %s', (_, judge) => {
  test.each(ALGORITHMS)('that asks every 15 minutes refuses no token of a planned rotation (%s)', async (algorithm) => {
    const authd = await startAuthd({ config: { tokens: { algorithm } } })
    const verify = cachingVerifier(authd, 15 * MINUTE, judge)
    let { refreshToken, accessToken } = await signInForTokens(authd)
    const refusals = [await verify(accessToken)]
    const { signsFrom, olderVerifyUntil } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
    const kids = new Set([kidOf(accessToken)])

    // The last hour before the key signs, and until the older one has ended.
    authd.clock.set(signsFrom - HOUR)
    ;({ refreshToken, accessToken } = await mintFor(authd, refreshToken))
    while (authd.clock.now() < olderVerifyUntil + HOUR) {
      refusals.push(await verify(accessToken))
      ;({ refreshToken, accessToken } = await mintFor(authd, refreshToken))
      refusals.push(await verify(accessToken))
      kids.add(kidOf(accessToken))
      authd.clock.advance(4 * MINUTE)
    }

    expect(refusals.filter((refusal) => refusal !== undefined)).toEqual([])
    expect(refusals.length).toBeGreaterThan(60)
    expect(kids.size).toBe(2)
  })

  test('that reads the key set once a day refuses no token of a planned rotation', async () => {
    const authd = await startAuthd()
    const verify = cachingVerifier(authd, DAY - MINUTE, judge)
    const first = await signInForTokens(authd)
    const refusals = [await verify(first.accessToken)]
    const { signsFrom } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })

    authd.clock.set(signsFrom)
    const second = await mintFor(authd, first.refreshToken)
    refusals.push(await verify(second.accessToken))

    expect([kidOf(first.accessToken) === kidOf(second.accessToken), refusals]).toEqual([false, [undefined, undefined]])
  })

  test('after a rotation with --now refuses new tokens and believes the older key, until it asks again', async () => {
    const authd = await startAuthd()
    const verify = cachingVerifier(authd, 15 * MINUTE, judge)
    const before = await signInForTokens(authd)
    const known = await verify(before.accessToken)
    authd.clock.advance(SECOND)
    const { olderVerifyUntil } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: true })

    const fresh = await mintFor(authd, before.refreshToken)
    const unknown = await verify(fresh.accessToken)
    authd.clock.set(olderVerifyUntil)
    const { accessToken } = await mintFor(authd, fresh.refreshToken)
    const learnt = await verify(accessToken)
    const removed = await verify(before.accessToken)

    expect(known).toBe(undefined)
    expect(unknown).toMatch(/unknown key|JWKSNoMatchingKey/)
    expect(learnt).toBe(undefined)
    expect(removed).toMatch(/unknown key|JWKSNoMatchingKey/)
  })

  test('refuses a token of another algorithm, type, audience, issuer or time', async () => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)
    const { keys } = (await authd.browser().get('/.well-known/jwks.json')).body
    const right = { keys, issuer: authd.url, audience: authd.url, typ: 'at+jwt', now: authd.clock.now() }
    const [head, claims, signature] = accessToken.split('.')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid: keys[0].kid })).toString('base64url')

    const refusals = [
      await judge(accessToken, { ...right, audience: 'x' }),
      await judge(accessToken, { ...right, issuer: 'https://x.example' }),
      await judge(accessToken, { ...right, typ: 'JWT' }),
      await judge(accessToken, { ...right, now: right.now + HOUR }),
      await judge(accessToken, { ...right, keys: [] }),
      await judge(`${none}.${claims}.`, right),
      await judge(`${head}.${claims}.${signature?.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`, right),
    ]

    expect(await judge(accessToken, right)).toBe(undefined)
    expect(refusals).toEqual(refusals.map(() => expect.any(String)))
  })
})

describe.each(['sqlite', 'postgres'] as const)('a planned rotation on %s', (database) => {
  test('while a key waits, changes nothing and names that key', async () => {
    const authd = await startAuthd({ database })
    const first = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
    authd.clock.advance(HOUR)

    const second = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })

    expect(first.signsFrom - first.publishedAt).toBe(DAY)
    expect(second).toEqual({ ...first, isChanged: false })
    expect(await listKeys(authd.deps)).toHaveLength(2)
  })

  test('asked for twice at once makes one key', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()

    const made = await Promise.all([authd, other].map(({ deps }) => rotateKeys(deps, SYSTEM, { isImmediate: false })))

    expect(made.map(({ isChanged }) => isChanged).sort()).toEqual([false, true])
    expect(new Set(made.map(({ kid }) => kid)).size).toBe(1)
  })

  test('that waits is overtaken by one with --now, and the copied key ends within minutes and not after a day', async () => {
    const authd = await startAuthd({ database })
    authd.clock.advance(SECOND)
    await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
    authd.clock.advance(HOUR)

    const { kid, olderVerifyUntil } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: true })
    authd.clock.set(olderVerifyUntil)
    const { body } = await authd.browser().get('/.well-known/jwks.json')

    expect(olderVerifyUntil - authd.clock.now()).toBe(0)
    expect(body.keys.map((key: JWK) => key.kid)).toEqual([kid])
  })
})

test('a key that a wrong clock has put off for longer than the lead does not stop a rotation', async () => {
  const authd = await startAuthd()
  authd.clock.advance(30 * DAY)
  const late = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
  authd.clock.advance(-30 * DAY)

  const { isChanged, signsFrom } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })

  expect([isChanged, signsFrom < late.signsFrom]).toEqual([true, true])
})

test('tokens.key_lead says how long the next key waits', async () => {
  const authd = await startAuthd({ config: { tokens: { key_lead: '1h' } } })

  const { publishedAt, signsFrom } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })

  expect(signsFrom - publishedAt).toBe(HOUR)
})

test('a new algorithm is published before it signs, too', async () => {
  const authd = await startAuthd()
  const before = await signInForTokens(authd)
  authd.clock.advance(SECOND)
  const other = await authd.another({ tokens: { algorithm: 'EdDSA' } })
  await followAlgorithm(other.deps)

  const [, next] = (await other.browser().get('/.well-known/jwks.json')).body.keys
  const during = await mintFor(other, before.refreshToken)
  other.clock.advance(DAY)
  const after = await mintFor(other, during.refreshToken)

  expect(next).toMatchObject({ alg: 'EdDSA', kid: kidOf(after.accessToken) })
  expect(kidOf(during.accessToken)).toBe(kidOf(before.accessToken))
})

test('with tokens.typ = "JWT" tokens have that type, and authd takes only those', async () => {
  const authd = await startAuthd()
  const { accessToken, refreshToken } = await signInForTokens(authd)
  const other = await authd.another({ tokens: { typ: 'JWT' } })
  const plain = await mintFor(other, refreshToken)
  const isTaken = async (process: Authd, bearer: string) =>
    (await process.browser().get('/v1/session', { bearer })).status

  expect(JSON.parse(Buffer.from(plain.accessToken.split('.')[0] ?? '', 'base64url').toString()).typ).toBe('JWT')
  expect([await isTaken(other, plain.accessToken), await isTaken(other, accessToken)]).toEqual([200, 401])
  expect([await isTaken(authd, plain.accessToken), await isTaken(authd, accessToken)]).toEqual([401, 200])
})
