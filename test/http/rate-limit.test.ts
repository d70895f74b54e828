import { describe, expect, test, vi } from 'vitest'
import { addIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { flushTally } from '../../src/flows/limits/rate-limit.ts'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { listBuckets } from '../../src/store/rate-limits.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'

const LIMITS = { requests_per_minute: 5, guesses_per_hour: 100, mails_per_hour: 100 }
const PROXY = { trusted_proxies: ['127.0.0.1'] }
const DATABASES = ['sqlite', 'postgres'] as const

/** Begins this number of sign-ins for different users. Returns the statuses. */
async function begin(authd: Authd, count: number, headers: Record<string, string> = {}): Promise<number[]> {
  const statuses: number[] = []
  for (let at = 0; at < count; at += 1) {
    const reply = await authd.browser().post('/v1/signin', { json: {}, headers })
    statuses.push(reply.status)
  }
  return statuses
}

const from = (ip: string) => ({ 'X-Forwarded-For': ip })

describe.each(DATABASES)('the limit of an address (%s)', (database) => {
  test('applies at the documented number, sets the RateLimit headers, and ends with its window', async () => {
    const authd = await startAuthd({ database, config: { limits: LIMITS } })
    const first = await authd.browser().post('/v1/signin', { json: {} })
    expect(first.headers.get('RateLimit-Policy')).toBe('"ip";q=5;w=60')
    expect(first.headers.get('RateLimit')).toBe('"ip";r=4;t=60')

    expect(await begin(authd, 5)).toEqual([201, 201, 201, 201, 429])
    authd.clock.advance(20_000)
    const over = await authd.browser().post('/v1/signin', { json: {} })
    expect(over.body).toMatchObject({ code: 'RATE_LIMITED', details: { violated_policies: ['ip'] } })
    expect(over.headers.get('Retry-After')).toBe('40')

    authd.clock.advance(40_000)
    expect(await begin(authd, 1)).toEqual([201])
  })

  test('never refuses a right refresh for the wrong tries of others', async () => {
    const authd = await startAuthd({ database, config: { limits: { ...LIMITS, requests_per_minute: 10 } } })
    const { refreshToken: refresh_token } = await signInForTokens(authd)
    const refresh = (token: string) => authd.browser().post('/v1/token/refresh', { json: { refresh_token: token } })
    const wrong = []
    for (let tries = 0; tries < 12; tries += 1)
      wrong.push((await refresh(`rt_${'0'.repeat(26)}.0.${'A'.repeat(43)}`)).status)

    const right = await refresh(refresh_token)

    expect(wrong).toContain(429)
    expect((await authd.browser().get('/v1/session', { bearer: 'junk' })).status).toBe(429)
    expect(right.status).toBe(200)
  })

  test('lets exactly that many concurrent requests through', async () => {
    const authd = await startAuthd({ database, config: { limits: { ...LIMITS, requests_per_minute: 20 } } })
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => authd.browser().post('/v1/signin', { json: {} })),
    )

    expect(replies.filter(({ status }) => status === 201)).toHaveLength(20)
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(30)
  })

  test('is shared by two instances, survives a restart, and is recorded once per window', async () => {
    const authd = await startAuthd({ database, config: { limits: LIMITS } })
    const other = await authd.another()
    expect(await begin(authd, 3)).toEqual([201, 201, 201])
    expect(await begin(other, 3)).toEqual([201, 201, 429])
    expect(await begin(await authd.another(), 1)).toEqual([429])

    const told = (await authd.auditLog()).filter(({ eventType }) => eventType === 'rate_limit.exceeded')
    expect(told).toMatchObject([{ ip: '127.0.0.1', outcome: 'failure', metadata: { policy: 'ip', limit: 5 } }])
  })

  test('compares exactly the allowed number of concurrent guesses, also over two instances', async () => {
    const limits = { ...LIMITS, requests_per_minute: 10_000, guesses_per_hour: 200 }
    const authd = await startAuthd({ database, config: { limits } })
    const other = await authd.another()
    const guess = { code: '000000', attempt_token: `att_${'0'.repeat(26)}.${'A'.repeat(43)}` }
    const send = (at: number) => (at % 2 ? authd : other).browser().post('/v1/signin/code', { json: guess })

    const replies = await Promise.all(Array.from({ length: 230 }, (_, at) => send(at)))

    expect(replies.filter(({ status }) => status === 401)).toHaveLength(200)
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(30)
  })

  test('a flood writes nothing to the database', async () => {
    const authd = await startAuthd({ database, config: { limits: LIMITS } })
    await begin(authd, 6)
    const write = vi.spyOn(authd.deps.db, 'write')

    expect(await begin(authd, 20)).toEqual(Array(20).fill(429))
    expect(write).not.toHaveBeenCalled()
    expect((await authd.browser().get('/metrics')).body).toContain('rate_limit_hits_total{type="ip"} 21')
  })
})

describe('the address that a limit counts', () => {
  test('is not changed by headers without a trusted proxy', async () => {
    const authd = await startAuthd({ config: { limits: LIMITS } })
    for (let at = 0; at < 5; at += 1) await begin(authd, 1, from(`203.0.113.${at}`))

    expect(await begin(authd, 1, { Forwarded: 'for=203.0.113.99', 'X-Real-IP': '203.0.113.98' })).toEqual([429])
  })

  test('is the client’s own behind a trusted proxy', async () => {
    const authd = await startAuthd({ config: { limits: LIMITS, server: PROXY } })

    expect(await begin(authd, 6, from('6.6.6.6, 203.0.113.1'))).toEqual([201, 201, 201, 201, 201, 429])
    expect(await begin(authd, 1, from('7.7.7.7, 203.0.113.1'))).toEqual([429])
    expect(await begin(authd, 1, from('::ffff:203.0.113.1'))).toEqual([429])
    expect(await begin(authd, 1, { Forwarded: 'for=203.0.113.1' })).toEqual([429])
    expect(await begin(authd, 1, from('203.0.113.2'))).toEqual([201])
    expect(await begin(authd, 1, { ...from('203.0.113.2'), Forwarded: 'for=203.0.113.7' })).toEqual([400])
  })

  test('is the same for all of an IPv6 /64', async () => {
    const authd = await startAuthd({ config: { limits: LIMITS, server: PROXY } })
    for (let at = 1; at <= 5; at += 1) await begin(authd, 1, from(`2001:db8:0:1::${at}`))

    expect(await begin(authd, 1, from('2001:db8:0:1:ffff:ffff:ffff:ffff'))).toEqual([429])
    expect(await begin(authd, 1, from('2001:db8:0:2::1'))).toEqual([201])
  })
})

describe('a caller with a valid credential', () => {
  const tight = { config: { limits: { ...LIMITS, requests_per_minute: 10 } } }

  test('is not limited when asking who is signed in, even from an address over its limit', async () => {
    const authd = await startAuthd(tight)
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await begin(authd, 12)
    const write = vi.spyOn(authd.deps.db, 'write')

    const replies = await Promise.all(Array.from({ length: 300 }, () => browser.get('/v1/session')))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    expect(write).not.toHaveBeenCalled()
  })

  test('an invented token counts against the address, an expired one does not', async () => {
    const authd = await startAuthd(tight)
    const { accessToken } = await signInForTokens(authd)
    authd.clock.advance(HOUR)
    const ask = (bearer: string) => authd.browser().get('/v1/session', { bearer })
    for (let at = 0; at < 20; at += 1) expect((await ask(accessToken)).status).toBe(401)

    const invented = Array.from({ length: 11 }, (_, at) => ask(`ses_${'0'.repeat(25)}${at % 10}.${'A'.repeat(43)}`))
    const statuses = (await Promise.all(invented)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
    expect((await ask(accessToken)).status).toBe(401)
  })

  test('a refresh counts only if it fails', async () => {
    const authd = await startAuthd(tight)
    let { refreshToken: refresh_token } = await signInForTokens(authd)
    authd.clock.advance(MINUTE)
    for (let at = 0; at < 20; at += 1) {
      const reply = await authd.browser().post('/v1/token/refresh', { json: { refresh_token } })
      expect(reply.status).toBe(200)
      refresh_token = reply.body.refresh_token
    }
    const forged = () => authd.browser().post('/v1/token/refresh', { json: { refresh_token: `${refresh_token}x` } })
    const statuses: number[] = []
    for (let at = 0; at < 12; at += 1) statuses.push((await forged()).status)
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
    const right = await authd.browser().post('/v1/token/refresh', { json: { refresh_token } })
    expect(right.status).toBe(200)
  })

  test('a session has its own limit for changes', async () => {
    const authd = await startAuthd({ config: { limits: { ...LIMITS, session_requests_per_minute: 3 } } })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const rename = () => browser.send('PATCH', '/v1/me', { json: { name: 'Ada' } })
    for (let at = 0; at < 4; at += 1) expect((await rename()).status).toBe(200)

    await flushTally(authd.deps)
    const reply = await rename()
    expect(reply).toMatchObject({ status: 429, body: { details: { violated_policies: ['user'] } } })
    expect((await browser.get('/v1/session')).status).toBe(200)
  })
})

test.each(['/v1/me/export', '/account/export'])('%s counts against the session, exactly', async (path) => {
  const authd = await startAuthd({ config: { limits: { ...LIMITS, session_requests_per_minute: 3 } } })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const send = () => (path.startsWith('/v1/') ? browser.get(path) : browser.post(path, { form: {} }))

  const statuses = []
  for (let at = 0; at < 5; at += 1) statuses.push((await send()).status)
  const exports = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.exported')

  expect([statuses, exports.length]).toEqual([[200, 200, 200, 429, 429], 3])
  expect((await browser.get('/v1/session')).status).toBe(200)
})

test('wrong codes count against the address, right ones do not', async () => {
  const authd = await startAuthd({
    config: { limits: { requests_per_minute: 1000, guesses_per_hour: 4, mails_per_hour: 100 } },
  })
  for (let at = 0; at < 6; at += 1) {
    await signInForTokens(authd, `person${at}@example.com`)
    await flushTally(authd.deps)
  }
  const left = await authd.deps.db.read((sql) => listBuckets(sql, { now: authd.clock.now(), subject: '127.0.0.1' }, 10))
  expect(left.map(({ policy }) => policy)).toEqual(['ip'])

  const browser = authd.browser()
  await browser.post('/v1/signin', { json: { email: 'grace@example.com' } })
  const guess = () => browser.post('/v1/signin/code', { json: { code: '000000' } })
  const statuses: number[] = []
  for (let at = 0; at < 6; at += 1) statuses.push((await guess()).status)
  expect(statuses).toEqual([401, 401, 401, 401, 429, 429])
})

describe.each(DATABASES)('a wrong proof of a signed-in user (%s)', (database) => {
  const tight = { limits: { requests_per_minute: 1000, guesses_per_hour: 4, mails_per_hour: 100 } }

  test.each([
    ['/v1/stepup/code', { code: '000000' }],
    ['/v1/stepup/totp', { code: '000000' }],
    ['/v1/stepup/recovery-code', { code: 'AAAA-AAAA-AAAA' }],
    ['/v1/stepup/passkey', { challenge_id: 'pkc_1', credential: { id: 'x' } }],
    ['/v1/me/email/confirm', { code: '000000' }],
  ])('at %s counts against the address, like one at sign-in', async (path, json) => {
    const authd = await startAuthd({ database, config: tight })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await flushTally(authd.deps)

    const statuses: number[] = []
    for (let at = 0; at < 6; at += 1) statuses.push((await browser.post(path, { json })).status)
    const elsewhere = await authd.browser().post('/v1/signin/code', { json: { code: '000000' } })

    expect(statuses).toEqual([401, 401, 401, 401, 429, 429])
    expect(elsewhere.body).toMatchObject({ code: 'RATE_LIMITED', details: { violated_policies: ['guess'] } })
  })
})

describe.each(DATABASES)('the limit of a mailbox (%s)', (database) => {
  const config = {
    limits: { ...LIMITS, requests_per_minute: 1000, mails_per_hour: 3 },
    signin: { resend_after: '30s' },
  }
  const ask = (authd: Authd, email: string) => authd.browser().post('/v1/signin', { json: { email } })

  test('counts all spellings together, across instances and restarts, and says when to try again', async () => {
    const authd = await startAuthd({ database, config })
    const other = await authd.another()
    const first = await Promise.all([ask(authd, 'ada@example.com'), ask(other, ' ADA@Example.COM ')])
    expect([...first, await ask(authd, 'Ada@EXAMPLE.com')].map(({ status }) => status)).toEqual([201, 201, 201])

    const over = await ask(await authd.another(), 'ada@example.com')
    expect(over.status).toBe(429)
    expect(over.body.message).toMatch(/^Too many sign-in mails for this address\. Try again in 10 minutes\.$/)
    expect(over.headers.get('Retry-After')).toBe('600')
    expect((await authd.takeMail()).length).toBe(3)
  })

  test('is the same for an unknown address, which gets no mail', async () => {
    const closed = { ...config, signup: { policy: 'closed' } }
    const authd = await startAuthd({ database, config: closed })
    const statuses: number[] = []
    for (let at = 0; at < 4; at += 1) statuses.push((await ask(authd, 'nobody@example.com')).status)

    expect(statuses).toEqual([201, 201, 201, 429])
    expect(await authd.takeMail()).toEqual([])
  })

  test('stores nothing of a sign-in that it refuses', async () => {
    const authd = await startAuthd({ database, config })
    for (let at = 0; at < 4; at += 1) await ask(authd, 'ada@example.com')

    const rows = await authd.deps.db.read((sql) => sql.one<{ n: number }>('SELECT COUNT(*) AS n FROM signin_attempts'))
    expect(Number(rows?.n)).toBe(3)
  })

  test('does not count a mail that is still on its way twice', async () => {
    const authd = await startAuthd({ database, config })
    const browser = authd.browser()
    for (let at = 0; at < 8; at += 1) {
      expect((await browser.post('/v1/signin', { json: { email: 'ada@example.com', deliver: 'cookie' } })).status).toBe(
        201,
      )
    }
    authd.clock.advance(MINUTE)
    expect((await browser.post('/v1/signin/email', { json: {} })).status).toBe(202)
    expect((await authd.takeMail()).length).toBe(1)
  })

  test('over all mailboxes lets mail only to known users, with the same answer for all', async () => {
    const authd = await startAuthd({ database, config: { limits: { ...config.limits, total_mails_per_hour: 2 } } })
    await signInForTokens(authd, 'ada@example.com')
    await ask(authd, 'one@example.com')
    await authd.takeMail()

    const answers = [await ask(authd, 'two@example.com'), await ask(authd, 'ada@example.com')]
    expect(answers.map(({ status, body }) => [status, Object.keys(body)])).toEqual(
      Array(2).fill([201, Object.keys(answers[0]?.body)]),
    )
    expect((await authd.takeMail()).map(({ to }) => to)).toEqual(['ada@example.com'])
    expect(authd.log.lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'rate limit exceeded' }))
  })
})

test.each([
  ['/v1/signin/link', { token: `att_${'0'.repeat(26)}.${'A'.repeat(43)}` }],
  ['/v1/signin/code', { code: '000000' }],
  ['/v1/signin/totp', { code: '000000' }],
  ['/v1/signin/recovery-code', { code: 'AAAA-BBBB-CCCC' }],
])('a wrong proof at %s counts as a guess', async (path, json) => {
  const authd = await startAuthd({ config: { limits: { ...LIMITS, requests_per_minute: 100, guesses_per_hour: 2 } } })
  const attempt_token = `att_${'1'.repeat(26)}.${'A'.repeat(43)}`
  const guess = () => authd.browser().post(path, { json: path.includes('refresh') ? json : { ...json, attempt_token } })

  const statuses = [(await guess()).status, (await guess()).status, (await guess()).status]

  expect(statuses.map((status) => status === 429)).toEqual([false, false, true])
})

test('a link that is used again counts as a guess', async () => {
  const authd = await startAuthd({ config: { limits: { ...LIMITS, requests_per_minute: 100, guesses_per_hour: 2 } } })
  const browser = authd.browser()
  const { body } = await browser.post('/v1/signin', { json: { email: 'ada@example.com', deliver: 'cookie' } })
  const link = new URL((await authd.takeProofMail())?.values['link'] ?? 'http://no.link')
  const json = { token: link.searchParams.get('token'), attempt_token: body.attempt_token }
  const use = async () => {
    const { status } = await browser.post('/v1/signin/link', { json })
    // A right proof is given back with the next tally.
    await flushTally(authd.deps)
    return status
  }
  const used = await use()
  authd.clock.advance(11 * SECOND)

  const again = [await use(), await use(), await use()]

  expect([used, again]).toEqual([200, [410, 410, 429]])
})

describe.each(['sqlite', 'postgres'] as const)('a clock that is put back (%s)', (database) => {
  test('prolongs no window, in the process that remembers it and in others', async () => {
    const authd = await startAuthd({ database, config: { limits: { ...LIMITS, requests_per_minute: 1 } } })
    const other = await authd.another()
    const ask = async (instance: Authd) => (await instance.browser().post('/v1/signin', { json: {} })).status
    const before = [await ask(authd), await ask(authd), await ask(other)]

    authd.clock.advance(-HOUR)
    const after = [await ask(authd), await ask(authd), await ask(other)]
    authd.clock.advance(MINUTE)
    const later = [await ask(other), await ask(authd)]

    expect([before, after, later]).toEqual([
      [201, 429, 429],
      [201, 429, 429],
      [201, 429],
    ])
  })
})

test.each(DATABASES)("a key without the scope signin is limited like a stranger's address (%s)", async (database) => {
  const tight = { requests_per_minute: 12, guesses_per_hour: 5, mails_per_hour: 100 }
  const authd = await startAuthd({ database, config: { limits: tight } })
  const key = { name: 'shop', scopes: ['introspect', 'users:read'] as const, expiresAt: null }
  const { token } = await createApiKey(authd.deps, SYSTEM, { ...key, scopes: [...key.scopes] })
  const send = async (path: string, json: object) => (await authd.browser().post(path, { json, bearer: token })).status

  const guesses = []
  for (let at = 0; at < 7; at += 1) guesses.push(await send('/v1/signin/code', { code: '000000' }))
  const begun = []
  for (let at = 0; at < 8; at += 1) begun.push(await send('/v1/signin', {}))

  expect(guesses).toEqual([401, 401, 401, 401, 401, 429, 429])
  expect(begun).toContain(429)
  expect(await send('/v1/token/refresh', { refresh_token: 'invented' })).toBe(429)
})

describe('an app’s backend', () => {
  async function withKey(scopes: ('introspect' | 'signin')[]) {
    const authd = await startAuthd({ config: { limits: LIMITS, server: PROXY } })
    const { token } = await createApiKey(authd.deps, SYSTEM, { name: 'shop', scopes, expiresAt: null })
    const ask = (client?: string) => {
      const headers = client === undefined ? {} : { 'Authd-Client-IP': client }
      return authd.browser().post('/v1/signin', { json: {}, bearer: token, headers })
    }
    return { authd, ask }
  }

  test('with the scope signin states its user’s address, which is then limited', async () => {
    const { authd, ask } = await withKey(['signin'])
    const statuses: number[] = []
    for (let at = 0; at < 6; at += 1) statuses.push((await ask('203.0.113.1')).status)
    expect(statuses).toEqual([201, 201, 201, 201, 201, 429])
    expect((await ask('203.0.113.2')).status).toBe(201)
    for (let at = 0; at < 20; at += 1) expect((await ask()).status).toBe(201)
    expect((await ask('nonsense')).status).toBe(400)

    const [told] = (await authd.auditLog()).filter(({ eventType }) => eventType === 'rate_limit.exceeded')
    expect(told?.ip).toBe('203.0.113.1')
  })

  test('is refused for an address that the IP rules block, and only for that', async () => {
    const { authd, ask } = await withKey(['signin'])
    await addIpFilters(authd.deps, SYSTEM, {
      ...{ rules: [{ cidr: '203.0.113.0/24', reason: 'a test' }], action: 'block', scope: 'all', expiresAt: null },
      ...{ keepSessions: true, own: undefined, acceptsLockout: false },
    })

    const statuses = [await ask('203.0.113.1'), await ask('::ffff:203.0.113.1'), await ask('203.0.114.1'), await ask()]

    expect(statuses.map(({ status }) => status)).toEqual([403, 403, 201, 201])
  })

  test.each(['key_wrong', 'invented'])(
    'that states an address with %s is told that its key is wrong',
    async (bearer) => {
      const { authd } = await withKey(['signin'])
      const headers = { 'Authd-Client-IP': '203.0.113.1' }

      const begun = await authd.browser().post('/v1/signin', { json: {}, bearer, headers })
      const refreshed = await authd
        .browser()
        .post('/v1/token/refresh', { json: { refresh_token: 'x' }, bearer, headers })
      const withoutAddress = await authd.browser().post('/v1/signin', { json: {}, bearer })

      expect([begun.status, begun.body.code]).toEqual([401, 'UNAUTHORIZED'])
      expect([refreshed.status, refreshed.body.code]).toEqual([401, 'UNAUTHORIZED'])
      expect(withoutAddress.status).toBe(201)
    },
  )

  test('cannot state an address with another scope or none', async () => {
    const { authd, ask } = await withKey(['introspect'])
    await ask('203.0.113.1')
    await authd.browser().post('/v1/signin', { json: {}, headers: { 'Authd-Client-IP': '203.0.113.1' } })

    const subjects = await authd.deps.db.read((sql) => sql.all<{ subject: string }>('SELECT subject FROM rate_limits'))
    expect(subjects).toEqual([{ subject: '127.0.0.1' }])
  })
})
