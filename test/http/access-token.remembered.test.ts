import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/schema.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { readAccessToken } from '../../src/flows/sessions/access-token.ts'
import { endSessions } from '../../src/flows/sessions/end-session.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { bumpEpoch } from '../../src/store/change-epochs.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'

async function statusOf(authd: Authd, bearer: string): Promise<number> {
  return (await authd.browser().get('/v1/session', { bearer })).status
}

/** An app whose access token authd has verified before. */
async function startWithSeenToken(options: Parameters<typeof startAuthd>[0]) {
  const authd = await startAuthd(options)
  const { accessToken, sessionId } = await signInForTokens(authd)
  expect(await statusOf(authd, accessToken)).toBe(200)
  return { authd, accessToken, sessionId }
}

describe.each(['sqlite', 'postgres'] as const)('an access token that was good before (%s)', (database) => {
  test('is refused at once after its key was removed, here and in another process that has seen it', async () => {
    const { authd, accessToken } = await startWithSeenToken({ database })
    const other = await authd.another()
    expect(await statusOf(other, accessToken)).toBe(200)
    await authd.deps.db.write(async (trx) => {
      await trx.run('UPDATE signing_keys SET verifies_until = ?', [authd.clock.now()])
      await bumpEpoch(trx, 'keys')
    })
    await Promise.all([authd, other].map(({ deps }) => deps.cache.refresh()))

    expect([await statusOf(authd, accessToken), await statusOf(other, accessToken)]).toEqual([401, 401])
  })

  test('is refused at once after its session was revoked by another process', async () => {
    const { authd, accessToken, sessionId } = await startWithSeenToken({ database })
    const other = await authd.another()

    await endSessions(other.deps, SYSTEM, { filter: { ids: [sessionId] }, reason: 'operator' })

    expect(await statusOf(authd, accessToken)).toBe(401)
  })
})

test.each(['ES256', 'HS256'])('a remembered %s token expires to the second', async (algorithm) => {
  const { authd, accessToken } = await startWithSeenToken({
    config: {
      tokens: {
        algorithm,
        ...(algorithm === 'HS256' ? { hs256_secret: 'a secret that the apps know, 32+ bytes' } : {}),
      },
    },
  })
  // A token's times are whole seconds, and five of them are allowed for clocks.
  const claims = await readAccessToken(authd.deps, accessToken)
  const end = (claims?.exp ?? 0) * SECOND + 5 * SECOND

  authd.clock.set(end - 1)
  const before = await statusOf(authd, accessToken)
  authd.clock.set(end)

  expect([before, await statusOf(authd, accessToken)]).toEqual([200, 401])
})

test('a remembered token from a clock that was ahead is over once the clock is right', async () => {
  const { authd, accessToken } = await startWithSeenToken({})

  authd.clock.advance(-10 * MINUTE)

  expect(await readAccessToken(authd.deps, accessToken)).toBeUndefined()
})

const other = 'https://other.example'

test.each<[string, (config: Config) => Config]>([
  ['audience', (config) => ({ ...config, tokens: { ...config.tokens, audience: other } })],
  ['issuer', (config) => ({ ...config, publicUrl: other })],
])('a remembered token of another %s is judged again after a reload', async (_, change) => {
  const { authd, accessToken } = await startWithSeenToken({})
  const changed = change(authd.deps.config.current())

  const read = await readAccessToken(
    { ...authd.deps, config: { ...authd.deps.config, current: () => changed } },
    accessToken,
  )

  expect(read).toBeUndefined()
})
