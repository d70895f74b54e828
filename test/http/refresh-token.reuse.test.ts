import { describe, expect, test } from 'vitest'
import { addIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { DAY, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { setFailureCount } from '../../src/store/failed-attempts.ts'
import type { MfaPolicy } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'

async function refresh(authd: Authd, refreshToken: string) {
  return await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
}

async function requireFactor(authd: Authd, user: string, mfaPolicy: MfaPolicy) {
  await updateUser(authd.deps, SYSTEM, { user, mfaPolicy, isVerified: false })
}

describe.each(['sqlite', 'postgres'] as const)('refresh token reuse on %s', (database) => {
  test('twenty concurrent refreshes get the same successor', async () => {
    const authd = await startAuthd({ database })
    const { refreshToken } = await signInForTokens(authd)

    const replies = await Promise.all(Array.from({ length: 20 }, () => refresh(authd, refreshToken)))

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(replies.map(({ body }) => body.refresh_token)).size).toBe(1)
  })

  test('a lost answer is given again, days later, as long as the successor was not used', async () => {
    const authd = await startAuthd({ database })
    const { refreshToken, accessToken } = await signInForTokens(authd)
    const lost = await refresh(authd, refreshToken)
    // An access token from before the refresh says nothing about the new pair.
    await authd.browser().get('/v1/session', { bearer: accessToken })
    authd.clock.advance(2 * DAY)

    const again = await refresh(authd, refreshToken)
    const next = await refresh(authd, again.body.refresh_token)

    expect([again.status, next.status]).toEqual([200, 200])
    expect(again.body.refresh_token).toBe(lost.body.refresh_token)
  })

  test.each(['seen', 'introspected', 'seen after its end', 'introspected after its end'] as const)(
    'a token after its successor was %s is theft',
    async (use) => {
      const authd = await startAuthd({ database })
      const { refreshToken, sessionId } = await signInForTokens(authd)
      const next = await refresh(authd, refreshToken)
      const bearer = next.body.access_token
      const asked = { name: 'app', scopes: ['introspect' as const], expiresAt: null }
      const { token: key } = await createApiKey(authd.deps, SYSTEM, asked)
      if (use.endsWith('end')) authd.clock.advance(DAY)
      if (use.startsWith('seen')) await authd.browser().get('/v1/session', { bearer })
      else await authd.browser().post('/v1/token/introspect', { bearer: key, form: { token: bearer } })
      authd.clock.advance(10 * SECOND)
      const inGrace = await refresh(authd, refreshToken)
      authd.clock.advance(1)

      const replay = await refresh(authd, refreshToken)
      const owner = await refresh(authd, next.body.refresh_token)
      const session = await authd.browser().get('/v1/session', { bearer: next.body.access_token })

      expect([inGrace.status, replay.status, owner.status, session.status]).toEqual([200, 401, 401, 401])
      const events = (await authd.auditLog()).filter((row) => row.sessionId === sessionId).map((row) => row.eventType)
      // The last one is the refresh of the owner, whose token is as revoked as that of the thief.
      const expected = ['session.reuse_detected', 'session.revoked', 'user.authentication_failed']
      expect(events.slice(-3)).toEqual(expected)
    },
  )
})

test('a token two generations old is only invalid within the grace period', async () => {
  const authd = await startAuthd()
  const { refreshToken } = await signInForTokens(authd)
  const second = await refresh(authd, refreshToken)
  const third = await refresh(authd, second.body.refresh_token)

  const old = await refresh(authd, refreshToken)
  const current = await refresh(authd, third.body.refresh_token)

  expect([old.status, current.status]).toEqual([401, 200])
})

test('a token three generations old is theft also within the grace period', async () => {
  const authd = await startAuthd()
  const { refreshToken } = await signInForTokens(authd)
  const second = await refresh(authd, refreshToken)
  const third = await refresh(authd, second.body.refresh_token)
  const fourth = await refresh(authd, third.body.refresh_token)

  const old = await refresh(authd, refreshToken)
  const current = await refresh(authd, fourth.body.refresh_token)

  expect([old.status, current.status]).toEqual([401, 401])
})

test('without a grace period, a token after its successor was seen revokes the session', async () => {
  const authd = await startAuthd({ config: { session: { refresh_grace: '0' } } })
  const { refreshToken } = await signInForTokens(authd)
  const next = await refresh(authd, refreshToken)
  const lost = await refresh(authd, refreshToken)
  expect(lost.body.refresh_token).toBe(next.body.refresh_token)
  await authd.browser().get('/v1/session', { bearer: lost.body.access_token })

  const replay = await refresh(authd, refreshToken)
  const owner = await refresh(authd, next.body.refresh_token)

  expect([replay.status, owner.status]).toEqual([401, 401])
})

test('a forged token with a known session id does not revoke the session', async () => {
  const authd = await startAuthd()
  const { refreshToken, accessToken } = await signInForTokens(authd)
  const [id] = refreshToken.split('.')

  const forged = await refresh(authd, `${id}.0.${'A'.repeat(43)}`)
  const future = await refresh(authd, `${id}.7.${'A'.repeat(43)}`)
  const session = await authd.browser().get('/v1/session', { bearer: accessToken })

  expect([forged.status, future.status, session.status]).toEqual([401, 401, 200])
})

test('refreshing never extends the absolute end, and idling ends a session sooner', async () => {
  const authd = await startAuthd()
  let { refreshToken } = await signInForTokens(authd)
  const idle = await signInForTokens(authd, 'bob@example.com')

  for (let day = 0; day < 29; day += 1) {
    authd.clock.advance(DAY)
    refreshToken = (await refresh(authd, refreshToken)).body.refresh_token
  }
  const idled = await refresh(authd, idle.refreshToken)
  authd.clock.advance(DAY - 60 * SECOND)
  const last = await refresh(authd, refreshToken)
  authd.clock.advance(61 * SECOND)
  const over = await refresh(authd, last.body.refresh_token)

  expect(idled.status).toBe(401)
  expect(last.body.expires_in).toBe(60)
  expect(over).toMatchObject({ status: 401, body: { code: 'EXPIRED_TOKEN' } })
})

test('the grace period extends nothing', async () => {
  const authd = await startAuthd()
  const { refreshToken, sessionId } = await signInForTokens(authd)
  const first = await refresh(authd, refreshToken)
  const expiry = async () => {
    const sessions = await authd.browser().get('/v1/me/sessions', { bearer: first.body.access_token })
    return sessions.body.find(({ id }: { id: string }) => id === sessionId).expires_at
  }
  const before = await expiry()
  authd.clock.advance(9 * SECOND)

  await refresh(authd, refreshToken)

  expect(await expiry()).toBe(before)
})

describe('a refresh checks again', () => {
  test('the user: a newly required second factor ends sessions without one', async () => {
    const authd = await startAuthd()
    const { refreshToken, userId } = await signInForTokens(authd)
    await requireFactor(authd, userId, 'required')

    const refused = await refresh(authd, refreshToken)
    await requireFactor(authd, userId, 'optional')
    const allowed = await refresh(authd, refreshToken)

    expect(refused).toMatchObject({ status: 401, body: { code: 'EXPIRED_TOKEN' } })
    expect(refused.body.detail).toMatch(/second factor.*Sign in again/)
    expect(allowed.status).toBe(200)
  })

  test('the user, also for the answer that was lost', async () => {
    const authd = await startAuthd()
    const { refreshToken, userId } = await signInForTokens(authd)
    await refresh(authd, refreshToken)
    await requireFactor(authd, userId, 'required')

    expect(await refresh(authd, refreshToken)).toMatchObject({ status: 401, body: { code: 'EXPIRED_TOKEN' } })
  })

  test('the address: a rule may block it', async () => {
    const authd = await startAuthd()
    const { refreshToken } = await signInForTokens(authd)
    await addIpFilters(authd.deps, SYSTEM, {
      rules: [{ cidr: '127.0.0.0/8', reason: 'a test' }],
      action: 'block',
      scope: 'all',
      expiresAt: null,
      keepSessions: true,
      own: undefined,
      acceptsLockout: true,
    })
    await authd.deps.cache.refresh()

    expect(await refresh(authd, refreshToken)).toMatchObject({ status: 403, body: { code: 'ADDRESS_BLOCKED' } })
  })

  test('but not lockouts: a locked-out user stays signed in', async () => {
    const authd = await startAuthd()
    const { refreshToken, userId } = await signInForTokens(authd)
    const blockedUntil = authd.clock.now() + MINUTE
    for (const kind of ['totp', 'recovery_code'] as const)
      await authd.deps.db.write((trx) =>
        setFailureCount(trx, { kind, subject: userId }, { failures: 100, blockedUntil }),
      )

    expect((await refresh(authd, refreshToken)).status).toBe(200)
  })
})

test('a token that a restored backup does not know yet is invalid, and no theft', async () => {
  const authd = await startAuthd()
  const { refreshToken } = await signInForTokens(authd)
  const later = await refresh(authd, refreshToken)
  await authd.deps.db.write((trx) => trx.run('UPDATE sessions SET generation = 0'))

  const refused = await refresh(authd, later.body.refresh_token)

  expect(refused.status).toBe(401)
  expect((await refresh(authd, refreshToken)).status).toBe(200)
})
