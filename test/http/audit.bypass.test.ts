import { describe, expect, test } from 'vitest'
import { endApiKey } from '../../src/flows/operator/api-key.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import type { AuditLog } from '../../src/store/audit-logs.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInForTokens } from '../support/people.ts'
import { BY_KEY, keyOf, OPERATOR, told } from '../support/told.ts'

async function withRecoveryLink(authd: Authd) {
  await signInForTokens(authd)
  const asked = { name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
  const { url } = await makeRecoveryLink(authd.deps, OPERATOR, asked)
  const recover = (token: string) => authd.browser().post('/recover', { form: { token } })
  return { token: new URL(url).searchParams.get('token') ?? '', recover }
}

async function useKey(authd: Authd, bearer: string, path = '/admin/audit'): Promise<void> {
  await authd.browser().get(path, { bearer })
}

/** A genuine credential that is used where or when it is not valid. */
const BYPASSES: [what: string, act: (authd: Authd) => Promise<unknown>, expected: Partial<AuditLog>][] = [
  [
    'a key that lacks the scope',
    async (authd) => useKey(authd, (await keyOf(authd, ['mail:read'])).token),
    { eventType: 'api_key.refused', ...BY_KEY, metadata: { reason: 'scope', call: 'GET /admin/audit' } },
  ],
  [
    'a key from another network',
    async (authd) => useKey(authd, (await keyOf(authd, ['audit:read'], { network: '10.0.0.0/8' })).token),
    { eventType: 'api_key.refused', ...BY_KEY, metadata: { reason: 'network', call: 'GET /admin/audit' } },
  ],
  [
    'a key that has expired',
    async (authd) => {
      const { token } = await keyOf(authd, ['introspect'], { expiresAt: authd.clock.now() + DAY })
      authd.clock.advance(DAY)
      await useKey(authd, token, '/v1/session')
    },
    { eventType: 'api_key.refused', ...BY_KEY, metadata: { reason: 'expired', call: 'GET /v1/session' } },
  ],
  [
    'a key that was revoked',
    async (authd) => {
      const made = await keyOf(authd, ['audit:read'])
      await endApiKey(authd.deps, OPERATOR, made.key.id)
      await useKey(authd, made.token)
    },
    { eventType: 'api_key.refused', ...BY_KEY, metadata: { reason: 'revoked', call: 'GET other' } },
  ],
  [
    'a refresh token that was spent',
    async (authd) => {
      const { refreshToken: refresh_token } = await signInForTokens(authd)
      const next = await authd.browser().post('/v1/token/refresh', { json: { refresh_token } })
      await authd.browser().post('/v1/token/refresh', { json: { refresh_token: next.body.refresh_token } })
      authd.clock.advance(HOUR)
      await authd.browser().post('/v1/token/refresh', { json: { refresh_token } })
    },
    { eventType: 'session.reuse_detected', actor: 'anonymous' },
  ],
  [
    'a refresh token of a session that was signed out',
    async (authd) => {
      const { refreshToken: refresh_token } = await signInForTokens(authd)
      await authd.browser().post('/v1/token/revoke', { form: { token: refresh_token } })
      await authd.browser().post('/v1/token/refresh', { json: { refresh_token } })
    },
    {
      eventType: 'user.authentication_failed',
      actor: 'anonymous',
      sessionId: expect.stringMatching(/^ses_/),
      metadata: { method: 'refresh', reason: 'revoked' },
    },
  ],
  [
    'a link that was used, in its own browser',
    async (authd) => {
      const browser = authd.browser()
      const { token, attempt } = await askOnPage(authd, browser)
      const kept = new Map(browser.cookies)
      await browser.post('/signin/link', { form: { token, attempt } })
      authd.clock.advance(MINUTE)
      const again = authd.browser()
      for (const [name, value] of kept) again.cookies.set(name, value)
      await again.post('/v1/signin/link', { json: { token } })
    },
    { eventType: 'user.authentication_failed', email: ADA, metadata: { method: 'magic_link', reason: 'used' } },
  ],
  [
    'a link that was used, in another browser',
    async (authd) => {
      const browser = authd.browser()
      const { token, attempt } = await askOnPage(authd, browser)
      await browser.post('/signin/link', { form: { token, attempt } })
      await authd.browser().post('/v1/signin/link', { json: { token } })
    },
    { eventType: 'user.authentication_failed', email: ADA, metadata: { method: 'magic_link', reason: 'used' } },
  ],
  [
    'a code that was used',
    async (authd) => {
      const { attemptToken: attempt_token, code } = await askForCode(authd)
      await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
      authd.clock.advance(MINUTE)
      await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
    },
    { eventType: 'user.authentication_failed', email: ADA, metadata: { method: 'email_code', reason: 'used' } },
  ],
  [
    'a recovery link that was spent',
    async (authd) => {
      const { token, recover } = await withRecoveryLink(authd)
      await recover(token)
      await recover(token)
    },
    {
      eventType: 'user.authentication_failed',
      actor: 'anonymous',
      metadata: { method: 'recovery_link', reason: 'used' },
    },
  ],
  [
    'a recovery link that has expired',
    async (authd) => {
      const { token, recover } = await withRecoveryLink(authd)
      authd.clock.advance(HOUR)
      await recover(token)
    },
    {
      eventType: 'user.authentication_failed',
      actor: 'anonymous',
      metadata: { method: 'recovery_link', reason: 'expired' },
    },
  ],
]

describe.each(['sqlite', 'postgres'] as const)('the audit log records the misuse of (%s)', (database) => {
  test.each(BYPASSES)('%s', async (_what, act, { metadata = {}, ...expected }) => {
    const authd = await startAuthd({ database })

    await act(authd)

    const event = await told(authd, String(expected.eventType))
    expect(event).toMatchObject({ outcome: 'failure', ip: '127.0.0.1', ...expected, metadata })
  })

  test('a refresh token of a revoked session once an hour, by all processes together', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    const { refreshToken: refresh_token } = await signInForTokens(authd)
    await authd.browser().post('/v1/token/revoke', { form: { token: refresh_token } })
    const tries = async () => {
      for (const each of [authd, other, authd, other])
        await each.browser().post('/v1/token/refresh', { json: { refresh_token } })
      return (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.authentication_failed').length
    }

    const inOneHour = await tries()
    authd.clock.advance(HOUR + 1)
    const inTwo = await tries()

    expect([inOneHour, inTwo]).toEqual([1, 2])
  })
})

describe('the audit log', () => {
  test('has no misuse of a right code for a wrong code of an attempt that has ended', async () => {
    const authd = await startAuthd()
    const { attemptToken: attempt_token, code } = await askForCode(authd)
    await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
    const wrong = code === '000000' ? '111111' : '000000'

    await authd.browser().post('/v1/signin/code', { json: { code: wrong, attempt_token } })

    expect((await authd.auditLog()).map(({ eventType }) => eventType)).not.toContain('user.authentication_failed')
  })

  test('a refused key is recorded once an hour', async () => {
    const authd = await startAuthd()
    const { token } = await keyOf(authd, ['mail:read'])
    const tries = async () => {
      for (let count = 0; count < 5; count += 1) await useKey(authd, token)
      return (await authd.auditLog()).filter(({ eventType }) => eventType === 'api_key.refused').length
    }

    const inOneHour = await tries()
    authd.clock.advance(HOUR + 1)
    const inTwo = await tries()

    expect([inOneHour, inTwo]).toEqual([1, 2])
  })

  test('a guessed key is not recorded as misuse of the real key', async () => {
    const authd = await startAuthd()
    const made = await keyOf(authd, ['audit:read'], { network: '10.0.0.0/8' })

    await useKey(authd, `${made.key.id}.${'A'.repeat(43)}`)

    expect((await authd.auditLog()).map(({ eventType }) => eventType)).not.toContain('api_key.refused')
  })
})
