import { describe, expect, test } from 'vitest'
import { endApiKey } from '../../src/flows/operator/api-key.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import type { AuditLog } from '../../src/store/audit-logs.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInForTokens } from '../support/people.ts'
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

describe('the audit log records the misuse of', () => {
  test.each(BYPASSES)('%s', async (_what, act, { metadata = {}, ...expected }) => {
    const authd = await startAuthd()

    await act(authd)

    const event = await told(authd, String(expected.eventType))
    expect(event).toMatchObject({ outcome: 'failure', ip: '127.0.0.1', ...expected, metadata })
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
