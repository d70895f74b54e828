import { describe, expect, test } from 'vitest'
import { addIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { listLimits, resetLimits } from '../../src/flows/limits/rate-limit-admin.ts'
import { explainSignIn } from '../../src/flows/operator/explain.ts'
import { beginLockdown, endLockdown } from '../../src/flows/operator/lockdown.ts'
import { applySettings, setSetting, showSetting, unsetSetting } from '../../src/flows/operator/setting.ts'
import { listLockouts, unlockUsers } from '../../src/flows/policy/lockout-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { disableUsers } from '../../src/flows/users/disable.ts'
import { HOUR, MINUTE } from '../../src/platform/clock.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, signInForTokens, signInOnPage } from '../support/people.ts'

const set = (authd: Authd, key: string, value: string, own?: string) =>
  setSetting(authd.deps, SYSTEM, { key, value, own, acceptsLockout: false })

/** Does the work of the job that runs every second. */
async function lookAround({ deps }: Authd): Promise<void> {
  await deps.cache.refresh()
  await applySettings(deps)
}

const begin = async (authd: Authd, email?: string) =>
  (await authd.browser().post('/v1/signin', { json: email === undefined ? {} : { email } })).status

describe.each(['sqlite', 'postgres'] as const)('a live setting (%s)', (database) => {
  test('applies in every instance until it is removed, and is audited with its former value', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    await set(authd, 'limits.requests_per_minute', '1')
    await lookAround(other)
    expect([await begin(other), await begin(authd)]).toEqual([201, 429])
    expect(await showSetting(other.deps, 'limits.requests_per_minute')).toMatchObject({
      value: 1,
      isSet: true,
      setBy: 'system',
    })

    await unsetSetting(other.deps, SYSTEM, { key: 'limits.requests_per_minute', acceptsLockout: false })
    await lookAround(authd)
    expect(await begin(authd)).toBe(201)
    const changes = (await authd.auditLog()).filter(({ eventType }) => eventType === 'setting.changed')
    expect(changes.map(({ metadata }) => metadata)).toEqual([
      { key: 'limits.requests_per_minute', before: null, after: '1' },
      { key: 'limits.requests_per_minute', before: '1', after: null },
    ])
  })
})

describe('a live setting', () => {
  test.each([
    ['limits.requests_per_minute', 'many', 'VALIDATION_ERROR', 'expected 1..1000000, got "many"'],
    ['signup.policy', 'clsed', 'VALIDATION_ERROR', 'Did you mean closed?'],
    ['server.port', '80', 'USAGE', 'server.port cannot be set while authd runs'],
    ['limits.nothing', '1', 'USAGE', 'Unknown key limits.nothing'],
  ])('%s = %s is refused, and nothing is written', async (key, value, code, words) => {
    const authd = await startAuthd()

    await expect(set(authd, key, value)).rejects.toMatchObject({ code, message: expect.stringContaining(words) })
    expect(
      await authd.deps.db.read((sql) => sql.all("SELECT * FROM system_config WHERE key LIKE 'setting.%'")),
    ).toEqual([])
  })

  test('that has become invalid is ignored with a log entry', async () => {
    const authd = await startAuthd()
    await set(authd, 'signup.policy', 'closed')
    await set(authd, 'mfa.policy', 'required')
    await authd.deps.db.write((trx) =>
      trx.run("UPDATE system_config SET value = 'x' WHERE key = 'setting.signup.policy'"),
    )
    const other = await authd.another()
    await lookAround(other)

    const { signup, mfa } = other.deps.config.current()
    expect([signup.policy, mfa.policy]).toEqual(['open', 'required'])
    expect(other.log.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'setting ignored' }))
  })

  test('that creates an allow-list requires the operator’s own address on it', async () => {
    const authd = await startAuthd()
    const deny = (own?: string) => set(authd, 'ipfilter.default', 'deny', own)
    await expect(deny()).rejects.toMatchObject({ code: 'LOCKOUT_RISK' })
    await expect(deny('198.51.100.20')).rejects.toMatchObject({ code: 'LOCKOUT_RISK' })
    for (const cidr of ['198.51.100.0/24', '127.0.0.1']) {
      await addIpFilters(authd.deps, SYSTEM, {
        rules: [{ cidr, reason: 'office' }],
        action: 'allow',
        scope: 'all',
        expiresAt: null,
        keepSessions: true,
        own: undefined,
        acceptsLockout: false,
      })
    }
    expect(await deny('198.51.100.20')).toBe(true)
    expect(await deny('198.51.100.20')).toBe(false)
  })

  test.each(
    ['ipfilter.default', 'ipfilter.login_default', 'ipfilter.admin_default'].flatMap((key) =>
      ['deny', 'DENY', 'Deny'].map((value) => [key, value] as const),
    ),
  )('%s = %s cannot lock out the operator, unless they accept it', async (key, value) => {
    const authd = await startAuthd()

    await expect(set(authd, key, value)).rejects.toMatchObject({ code: 'LOCKOUT_RISK' })
    await expect(set(authd, key, value, '198.51.100.20')).rejects.toMatchObject({ code: 'LOCKOUT_RISK' })

    expect(await showSetting(authd.deps, key)).toMatchObject({ isSet: false })
    expect(await setSetting(authd.deps, SYSTEM, { key, value, acceptsLockout: true })).toBe(true)
  })

  test.each(['deny ', ' deny', '"deny"', 'deny\n'])('is not read as deny when it is written %j', async (value) => {
    const authd = await startAuthd()

    await expect(set(authd, 'ipfilter.default', value)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' })
  })

  test('pauses and resumes all mail', async () => {
    const authd = await startAuthd()
    await set(authd, 'mail.paused', 'true')
    await begin(authd, ADA)
    expect(await authd.takeMail()).toEqual([])

    await unsetSetting(authd.deps, SYSTEM, { key: 'mail.paused', acceptsLockout: false })
    expect((await authd.takeMail()).map(({ to }) => to)).toEqual([ADA])
  })
})

test('a lockdown ends all sessions, stops sign-ups and mails, and later restores the former settings', async () => {
  const authd = await startAuthd()
  const { accessToken } = await signInForTokens(authd)
  await set(authd, 'signup.policy', 'invite')
  const done = await beginLockdown(authd.deps, SYSTEM, { reason: 'bad day', keepSessions: false })

  expect(done).toMatchObject({ endedSessions: 1, newKey: expect.any(String) })
  expect((await authd.browser().get('/v1/session', { bearer: accessToken })).status).toBe(401)
  const { signup, mail } = authd.deps.config.current()
  expect([signup.policy, mail.paused]).toEqual(['closed', true])
  await expect(beginLockdown(authd.deps, SYSTEM, { reason: null, keepSessions: true })).rejects.toMatchObject({
    code: 'CONFLICT',
  })

  await endLockdown(authd.deps, SYSTEM)
  const after = authd.deps.config.current()
  expect([after.signup.policy, after.mail.paused]).toEqual(['invite', false])
  await expect(endLockdown(authd.deps, SYSTEM)).rejects.toMatchObject({ code: 'CONFLICT' })
  const events = (await authd.auditLog()).map(({ eventType }) => eventType)
  expect(events).toEqual(
    expect.arrayContaining(['lockdown.on', 'session.revoked', 'signing_key.created', 'lockdown.off']),
  )
})

test('the counts of an address or mailbox are shown, and reset in every instance at once', async () => {
  const authd = await startAuthd({ config: { limits: { requests_per_minute: 2, mails_per_hour: 1 } } })
  const other = await authd.another()
  const statuses = [await begin(authd, ADA), await begin(authd, ADA), await begin(authd), await begin(other)]
  expect(statuses).toEqual([201, 429, 429, 429])
  expect((await listLimits(authd.deps, { key: '127.0.0.1', limit: 10 })).rows).toMatchObject([
    { policy: 'ip', used: 3, limit: 2 },
  ])

  expect(await resetLimits(authd.deps, SYSTEM, '127.0.0.1')).toMatchObject([{ policy: 'ip' }])
  await lookAround(other)
  expect([await begin(other), await begin(other, ADA)]).toEqual([201, 429])
  authd.clock.advance(MINUTE)
  await unlockUsers(authd.deps, SYSTEM, [(await signedUp(authd)) ?? ''])
  await lookAround(other)
  expect(await begin(other, ADA)).toBe(201)
})

/** Ada, added by an operator. */
async function signedUp(authd: Authd): Promise<string> {
  const { addUser } = await import('../../src/flows/users/add.ts')
  await addUser(authd.deps, SYSTEM, { email: { canonical: ADA, typed: ADA }, name: null, isVerified: true })
  return ADA
}

describe('explain', () => {
  const failing = async (authd: Authd, name: string, ip?: string) => {
    const { verdict, checks } = await explainSignIn(authd.deps, name, { ip })
    return { verdict, fails: checks.filter(({ status }) => status === 'fail').map(({ id, fix }) => `${id}: ${fix}`) }
  }

  test('says that a user without obstacles can sign in', async () => {
    const authd = await startAuthd()
    await signInForTokens(authd)

    expect(await failing(authd, ADA, '203.0.113.9')).toEqual({ verdict: 'can', fails: [] })
  })

  test('names each obstacle with the command that removes it', async () => {
    const authd = await startAuthd({
      config: { limits: { mails_per_hour: 1, requests_per_minute: 100 }, signup: { policy: 'closed' } },
    })
    await signedUp(authd)
    await begin(authd, ADA)
    await disableUsers(authd.deps, SYSTEM, { names: [ADA], reason: 'left' })
    await addIpFilters(authd.deps, SYSTEM, {
      rules: [{ cidr: '203.0.113.0/24', reason: 'abuse' }],
      action: 'block',
      scope: 'login',
      expiresAt: null,
      keepSessions: true,
      own: undefined,
      acceptsLockout: false,
    })
    await set(authd, 'mail.paused', 'true')

    expect(await failing(authd, ADA, '203.0.113.9')).toEqual({
      verdict: 'cannot',
      fails: [
        'person: authd users enable ada@example.com',
        'ip_filter: authd ipfilter remove 203.0.113.0/24',
        'limit_email: authd ratelimit reset ada@example.com',
        'mail: authd settings unset mail.paused',
      ],
    })
    expect((await failing(authd, 'nobody@example.com')).fails[0]).toBe('person: authd users invite nobody@example.com')
  })

  test('shows a factor locked by wrong codes, like the list of lockouts, until it is unlocked', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { secret } = await enrolTotp(authd, browser)
    await authd.takeMail()
    authd.clock.advance(HOUR)
    const { attemptToken: attempt_token, code } = await askForCode(authd)
    await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
    const right = totpCode(authd, secret)
    const wrong = right === '000000' ? '000001' : '000000'
    for (let failures = 1; failures <= 5; failures += 1) {
      await authd.browser().post('/v1/signin/totp', { json: { code: wrong, attempt_token } })
    }
    const until = authd.clock.now() + 30_000

    expect(await listLockouts(authd.deps)).toEqual([{ kind: 'totp', email: ADA, failures: 5, state: 'locked', until }])
    const { verdict, checks } = await explainSignIn(authd.deps, ADA, {})
    expect(verdict).toBe('can')
    expect(checks.find(({ id }) => id === 'lockout')).toMatchObject({
      status: 'warn',
      fix: `authd users unlock ${ADA}`,
    })
    await unlockUsers(authd.deps, SYSTEM, [ADA])
    expect(await listLockouts(authd.deps)).toEqual([])
  })
})
