import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resetRecoveryCodes } from '../../src/flows/factors/factor-admin.ts'
import { addIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { resetLimits } from '../../src/flows/limits/rate-limit-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { endApiKey } from '../../src/flows/operator/api-key.ts'
import { setSetting } from '../../src/flows/operator/setting.ts'
import { unlockUsers } from '../../src/flows/policy/lockout-admin.ts'
import { EVENTS } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { HOUR } from '../../src/platform/clock.ts'
import type { AuditLog } from '../../src/store/audit-logs.ts'
import { enrolTotp, totpCode, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, signInForTokens, signInOnPage } from '../support/people.ts'
import { BY_KEY, BY_NOBODY, BY_OPERATOR, BY_PERSON, keyOf, OPERATOR, told } from '../support/told.ts'

const REASON = { reason: 'ticket 7' }

/** A user with an authenticator app, a signed-in browser, and an attempt after its first proof. */
async function withTotp(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { secret, recoveryCodes } = await enrolTotp(authd, browser)
  authd.clock.advance(HOUR)
  const { attemptToken: attempt_token, code } = await askForCode(authd)
  await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
  const right = totpCode(authd, secret)
  const tryCode = (kind: 'totp' | 'recovery-code', typed: string) =>
    authd.browser().post(`/v1/signin/${kind}`, { json: { code: typed, attempt_token } })
  return { browser, recoveryCodes, right, wrong: right === '000000' ? '000001' : '000000', tryCode }
}

async function lockOut(authd: Authd): Promise<void> {
  const { wrong, tryCode } = await withTotp(authd)
  for (let failures = 1; failures <= 5; failures += 1) await tryCode('totp', wrong)
}

/** An act of an operator, user or unknown client, and the event that records its actor and reason or change. */
const STORIES: [what: string, act: (authd: Authd) => Promise<unknown>, expected: Partial<AuditLog>][] = [
  [
    'a sign-in',
    (authd) => signInForTokens(authd),
    { eventType: 'user.authenticated', ...BY_PERSON, metadata: { method: 'email_code' } },
  ],
  [
    'a wrong code',
    async (authd) => {
      const { attemptToken: attempt_token } = await askForCode(authd)
      await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token } })
    },
    {
      eventType: 'user.authentication_failed',
      ...BY_NOBODY,
      metadata: { method: 'email_code', reason: 'invalid_code' },
    },
  ],
  [
    'a first proof when a second factor is required',
    withTotp,
    { eventType: 'user.factor_due', ...BY_PERSON, metadata: { method: 'email_code' } },
  ],
  ['a wrong code of an app', lockOut, { eventType: 'totp.failed', ...BY_NOBODY, metadata: { failures: 5 } }],
  [
    'a lockout',
    lockOut,
    { eventType: 'user.locked', ...BY_NOBODY, metadata: { factor: 'totp', seconds: 30, failures: 5 } },
  ],
  [
    'a wrong recovery code',
    async (authd) => (await withTotp(authd)).tryCode('recovery-code', 'wrong'),
    { eventType: 'recovery_code.failed', ...BY_NOBODY, metadata: { failures: 1 } },
  ],
  [
    'a lockout that an operator clears',
    async (authd) => {
      await lockOut(authd)
      await unlockUsers(authd.deps, OPERATOR, [ADA])
    },
    { eventType: 'user.unlocked', ...BY_OPERATOR, metadata: { ...REASON, lifted: expect.arrayContaining(['totp 5']) } },
  ],
  ['a new authenticator app', withTotp, { eventType: 'totp.enrolled', ...BY_PERSON }],
  ['recovery codes that are made with it', withTotp, { eventType: 'recovery_codes.made', ...BY_PERSON }],
  [
    'a step-up, and the removal of an authenticator app',
    async (authd) => {
      const { browser, right } = await withTotp(authd)
      await browser.post('/v1/stepup/totp', { json: { code: right } })
      await browser.send('DELETE', '/v1/me/totp')
    },
    { eventType: 'totp.removed', ...BY_PERSON },
  ],
  [
    'a step-up',
    async (authd) => {
      const { browser, right } = await withTotp(authd)
      await browser.post('/v1/stepup/totp', { json: { code: right } })
    },
    { eventType: 'session.stepped_up', ...BY_PERSON, metadata: { proof: 'otp' } },
  ],
  [
    'recovery codes that an operator removes',
    async (authd) => {
      await withTotp(authd)
      await resetRecoveryCodes(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))
    },
    { eventType: 'recovery_codes.removed', ...BY_OPERATOR, metadata: REASON },
  ],
  ['a new passkey', withPasskey, { eventType: 'webauthn.registered', ...BY_PERSON }],
  [
    'a renamed passkey',
    async (authd) => {
      const { browser } = await withPasskey(authd)
      const [passkey] = (await browser.get('/v1/me/passkeys')).body
      await browser.send('PATCH', `/v1/me/passkeys/${passkey.id}`, { json: { name: 'Laptop' } })
    },
    { eventType: 'webauthn.renamed', ...BY_PERSON },
  ],
  [
    'a rule that blocks a request',
    async (authd) => {
      const rules = [{ cidr: '127.0.0.0/8', reason: 'a test' }]
      const rule = { action: 'block', scope: 'login', expiresAt: null, keepSessions: true, own: undefined } as const
      await addIpFilters(authd.deps, OPERATOR, { rules, ...rule, acceptsLockout: true })
      await authd.deps.cache.refresh()
      await authd.browser().get('/signin')
    },
    { eventType: 'ip_filter.hit', ...BY_NOBODY, metadata: { cidr: '127.0.0.0/8', scope: 'login' } },
  ],
  [
    'more than a limit allows',
    async (authd) => {
      await setSetting(authd.deps, OPERATOR, { key: 'limits.mails_per_hour', value: '1', acceptsLockout: true })
      await askForCode(authd)
      await askForCode(authd)
    },
    { eventType: 'rate_limit.exceeded', ...BY_NOBODY, metadata: { policy: 'email', limit: 1 } },
  ],
  [
    'a limit that an operator resets',
    async (authd) => {
      await askForCode(authd)
      await resetLimits(authd.deps, OPERATOR, ADA)
    },
    { eventType: 'rate_limit.reset', ...BY_OPERATOR, metadata: { ...REASON, policies: ['email'] } },
  ],
  [
    'a setting',
    (authd) => setSetting(authd.deps, OPERATOR, { key: 'signup.policy', value: 'closed', acceptsLockout: true }),
    {
      eventType: 'setting.changed',
      ...BY_OPERATOR,
      metadata: { ...REASON, key: 'signup.policy', before: null, after: 'closed' },
    },
  ],
  [
    'a user changed through the admin API',
    async (authd) => {
      const { userId } = await signInForTokens(authd)
      const { token: bearer } = await keyOf(authd, ['users:write'])
      await authd.browser().send('PATCH', `/admin/users/${userId}`, { bearer, json: { mfa_policy: 'required' } })
    },
    {
      eventType: 'user.updated',
      ...BY_KEY,
      metadata: { changed: ['mfa_policy'], mfa_policy: { before: 'default', after: 'required' } },
    },
  ],
  [
    'a user disabled through the admin API',
    async (authd) => {
      const { userId } = await signInForTokens(authd)
      const { token: bearer } = await keyOf(authd, ['users:write'])
      await authd.browser().post(`/admin/users/${userId}/disable`, { bearer, json: REASON })
    },
    { eventType: 'user.disabled', ...BY_KEY, metadata: REASON },
  ],
  [
    'a session that an operator ends',
    async (authd) => revokeByOperator(authd.deps, OPERATOR, { ids: [(await signInForTokens(authd)).sessionId] }),
    {
      eventType: 'session.revoked',
      ...BY_OPERATOR,
      metadata: { reason: 'revoked_by_operator', operator_reason: 'ticket 7' },
    },
  ],
  [
    'an API key',
    (authd) => keyOf(authd, ['audit:read'], { network: '10.0.0.0/8' }),
    {
      eventType: 'api_key.created',
      ...BY_OPERATOR,
      metadata: { ...REASON, name: 'test', scopes: ['audit:read'], network: '10.0.0.0/8' },
    },
  ],
  [
    'an API key that ends',
    async (authd) => endApiKey(authd.deps, OPERATOR, (await keyOf(authd, ['audit:read'])).key.id),
    { eventType: 'api_key.revoked', ...BY_OPERATOR, metadata: REASON },
  ],
]

describe('the audit log records the actor and the reason or change of', () => {
  test.each(STORIES)('%s', async (_what, act, { metadata = {}, ...expected }) => {
    const authd = await startAuthd()

    await act(authd)

    const event = await told(authd, String(expected.eventType))
    expect(event).toMatchObject({ outcome: 'success', ip: '127.0.0.1', ...expected, metadata })
  })
})

test('every event is expected by a test', () => {
  const files = globSync('../**/*.test.ts', { cwd: import.meta.dirname, exclude: ['**/node_modules/**'] })
  const tests = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n')

  expect(Object.keys(EVENTS).filter((type) => !tests.includes(`'${type}'`))).toEqual([])
})
