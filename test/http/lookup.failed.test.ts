import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { rotateKeys } from '../../src/flows/sessions/key-rotation.ts'
import { SECOND } from '../../src/platform/clock.ts'
import type { ChangeTopic } from '../../src/store/change-epochs.ts'
import { StoreError } from '../../src/store/db.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'

const away = async () => {
  throw new StoreError('unavailable', 'the database is away')
}

/** What a process caches of this topic cannot be loaded. */
function loseTopic(authd: Authd, lost: ChangeTopic): void {
  const { cache } = authd.deps
  authd.deps.cache = { ...cache, of: (topic, load) => (topic === lost ? away() : cache.of(topic, load)) }
}

function loseDatabase(authd: Authd): void {
  authd.deps.db = { ...authd.deps.db, read: away, write: away }
}

/** The same token, as if another key had signed it. */
function withKid(token: string, kid: string): string {
  const [head = '', ...rest] = token.split('.')
  const header = { ...JSON.parse(Buffer.from(head, 'base64url').toString()), kid }
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.')
}

const use = (authd: Authd, bearer: string) => authd.browser().get('/v1/session', { bearer })

const countsOf = (authd: Authd) => authd.deps.db.read((sql) => sql.all('SELECT * FROM rate_limits WHERE used > 0'))

describe('SECURITY: a look-up that fails does not count as a wrong credential', () => {
  test('a good access token gets 503 while the signing keys cannot be loaded, and does not count', async () => {
    const authd = await startAuthd()
    const { accessToken, refreshToken } = await signInForTokens(authd)
    await authd.deps.db.write((trx) => trx.run('DELETE FROM rate_limits'))
    loseTopic(authd, 'keys')

    const replies = [
      await use(authd, accessToken),
      await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } }),
      await authd.browser().post('/v1/token/revoke', { form: { token: accessToken } }),
    ]

    expect(replies.map(({ status, headers }) => [status, headers.get('Retry-After')])).toEqual([
      [503, '1'],
      [503, '1'],
      [503, '1'],
    ])
    expect((await countsOf(authd)).filter((row) => (row as { policy: string }).policy === 'guess')).toEqual([])
  })

  test('every credential gets 503 while the database is away', async () => {
    const authd = await startAuthd()
    const { accessToken, refreshToken } = await signInForTokens(authd)
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { token: key } = await createApiKey(authd.deps, SYSTEM, {
      name: 'app',
      scopes: ['users:read'],
      expiresAt: null,
    })
    loseDatabase(authd)

    const replies = [
      await use(authd, accessToken),
      await use(authd, key),
      await authd.browser().get('/admin/users', { bearer: key }),
      await browser.get('/v1/session'),
      await browser.get('/account'),
      await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } }),
    ]

    expect(replies.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503, 503])
  })

  test('no address is let in, and none is called blocked, while the IP rules cannot be loaded', async () => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)
    loseTopic(authd, 'ip_filters')

    expect((await use(authd, accessToken)).status).toBe(503)
  })

  test('a token of an unknown key gets 503 while that key cannot be looked up', async () => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)
    authd.deps.cache = { ...authd.deps.cache, refresh: away }

    expect((await use(authd, withKid(accessToken, 'another'))).status).toBe(503)
    expect((await use(authd, accessToken)).status).toBe(200)
  })
})

describe.each(['sqlite', 'postgres'] as const)('a key that another instance made a moment ago, on %s', (database) => {
  test('verifies at once, in parallel requests too', async () => {
    const first = await startAuthd({ database })
    const second = await first.another()
    const { accessToken } = await signInForTokens(second)
    await use(second, accessToken)

    await rotateKeys(first.deps, SYSTEM, { isImmediate: true })
    const fresh = await signInForTokens(first)
    const replies = await Promise.all(Array.from({ length: 10 }, () => use(second, fresh.accessToken)))
    await rotateKeys(first.deps, SYSTEM, { isImmediate: true })
    const fresher = await signInForTokens(first)

    expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect((await use(second, fresher.accessToken)).status).toBe(200)
  })
})

test('SECURITY: tokens of made-up keys cost one look every two seconds, and stay invalid', async () => {
  const authd = await startAuthd()
  const { accessToken } = await signInForTokens(authd)
  await use(authd, withKid(accessToken, 'first'))
  authd.clock.advance(3 * SECOND)
  let looks = 0
  const { cache } = authd.deps
  authd.deps.cache = {
    ...cache,
    refresh: async () => {
      looks += 1
      await cache.refresh()
    },
  }

  const replies = await Promise.all(
    Array.from({ length: 30 }, (_, at) => use(authd, withKid(accessToken, `made-up-${at}`))),
  )
  authd.clock.advance(3 * SECOND)
  await use(authd, withKid(accessToken, 'later'))

  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]))
  expect(looks).toBe(2)
})
