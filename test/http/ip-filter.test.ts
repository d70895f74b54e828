import { describe, expect, test } from 'vitest'
import { type AddRules, addIpFilters, pruneIpFilters, removeIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { HOUR } from '../../src/platform/clock.ts'
import { type Authd, type StartOptions, startAuthd } from '../support/harness.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'

const PROXY = { server: { trusted_proxies: ['127.0.0.1'] } }

async function start(
  config: NonNullable<StartOptions['config']> = {},
  database?: 'sqlite' | 'postgres',
): Promise<Authd> {
  return await startAuthd({ config: { ...PROXY, ...config }, ...(database && { database }) })
}

function add(authd: Authd, cidr: string, options: Partial<AddRules> = {}) {
  return addIpFilters(authd.deps, SYSTEM, {
    rules: [{ cidr, reason: 'a test' }],
    action: 'block',
    scope: 'all',
    expiresAt: null,
    keepSessions: false,
    own: undefined,
    acceptsLockout: false,
    ...options,
  })
}

async function statusFrom(authd: Authd, ip: string, path = '/signin'): Promise<number> {
  await authd.deps.cache.refresh()
  return (await authd.browser().get(path, { headers: { 'X-Forwarded-For': ip } })).status
}

describe.each(['sqlite', 'postgres'] as const)('a rule (%s)', (database) => {
  test('blocks its network and no other, in every process, until it is removed', async () => {
    const authd = await start({}, database)
    const other = await authd.another()
    expect(await statusFrom(authd, '203.0.113.9')).toBe(200)
    const { filters } = await add(other, '203.0.113.0/24')

    for (const instance of [authd, other]) {
      expect(await statusFrom(instance, '203.0.113.9')).toBe(403)
      expect(await statusFrom(instance, '::ffff:203.0.113.9')).toBe(403)
      expect(await statusFrom(instance, '203.0.114.9')).toBe(200)
    }
    await removeIpFilters(authd.deps, SYSTEM, { names: [filters[0]?.id ?? ''], acceptsLockout: false })
    expect(await statusFrom(other, '203.0.113.9')).toBe(200)
  })

  test('is audited with its reason, and its hits once an hour per client', async () => {
    const authd = await start({}, database)
    await add(authd, '203.0.113.0/24')
    for (let at = 0; at < 5; at += 1) await statusFrom(authd, '203.0.113.9')
    await removeIpFilters(authd.deps, SYSTEM, { names: ['203.0.113.0/24'], acceptsLockout: false })

    const log = (await authd.auditLog()).filter(({ eventType }) => eventType.startsWith('ip_filter.'))
    expect(log.map(({ eventType, ip, outcome }) => [eventType, ip, outcome])).toEqual([
      ['ip_filter.added', null, 'success'],
      ['ip_filter.hit', '203.0.113.9', 'failure'],
      ['ip_filter.removed', null, 'success'],
    ])
    expect(log[0]?.metadata).toMatchObject({ cidr: '203.0.113.0/24', action: 'block', rule_reason: 'a test' })
  })

  test('ends exactly the sessions that it covers', async () => {
    const authd = await start({}, database)
    const here = { 'X-Forwarded-For': '203.0.113.9' }
    const begun = await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' }, headers: here })
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    const proof = { code, attempt_token: begun.body.attempt_token }
    const { body } = await authd.browser().post('/v1/signin/code', { json: proof, headers: here })
    const elsewhere = await signInForTokens(authd, 'grace@example.com')
    await add(authd, '203.0.113.9', { action: 'allow' })
    expect((await add(authd, '203.0.113.0/24')).ended).toEqual([])
    await removeIpFilters(authd.deps, SYSTEM, { names: ['203.0.113.9'], acceptsLockout: false })

    expect((await add(authd, '203.0.113.0/24', { keepSessions: true })).ended).toEqual([])
    expect((await add(authd, '203.0.113.0/24')).ended).toMatchObject([{ id: body.session.id }])
    expect((await authd.browser().get('/v1/session', { bearer: elsewhere.accessToken })).status).toBe(200)
  })
})

describe('which rule decides', () => {
  test('is the one with the longest network; of equally long ones, a block', async () => {
    const authd = await start()
    await add(authd, '198.51.100.0/24')
    await add(authd, '198.51.100.128/25', { action: 'allow' })
    await add(authd, '198.51.100.200/32')
    await add(authd, '198.51.100.200/32', { action: 'allow' })
    await add(authd, '198.51.100.201/32', { action: 'allow' })
    await add(authd, '198.51.100.201/32')

    expect(await statusFrom(authd, '198.51.100.1')).toBe(403)
    expect(await statusFrom(authd, '198.51.100.129')).toBe(200)
    expect(await statusFrom(authd, '198.51.100.200')).toBe(403)
    expect(await statusFrom(authd, '198.51.100.201')).toBe(403)
  })

  test('is never an expired one, which prune removes', async () => {
    const authd = await start()
    await add(authd, '2001:db8::/32', { expiresAt: authd.clock.now() + HOUR })
    expect(await statusFrom(authd, '2001:db8::1')).toBe(403)
    expect(await pruneIpFilters(authd.deps, SYSTEM)).toEqual([])
    authd.clock.advance(HOUR)

    expect(await statusFrom(authd, '2001:db8::1')).toBe(200)
    expect(await pruneIpFilters(authd.deps, SYSTEM)).toMatchObject([{ cidr: '2001:db8::/32' }])
  })

  test('with the scope login affects only sign-in', async () => {
    const authd = await start()
    await add(authd, '203.0.113.0/24', { scope: 'login' })

    expect(await statusFrom(authd, '203.0.113.9', '/signin')).toBe(403)
    expect(await statusFrom(authd, '203.0.113.9', '/.well-known/jwks.json')).toBe(200)
    expect(await statusFrom(authd, '203.0.113.9', '/signout')).toBe(303)
  })

  test.each(['/signin', '/v1/signin', '/v1/stepup', '/invite', '/recover', '/restore-email', '/account/confirm'])(
    'with the scope login affects %s, what is below it, and no other path that begins so',
    async (path) => {
      const authd = await start()
      await add(authd, '203.0.113.0/24', { scope: 'login' })

      expect(await statusFrom(authd, '203.0.113.9', path)).toBe(403)
      expect(await statusFrom(authd, '203.0.113.9', `${path}/link`)).toBe(403)
      expect(await statusFrom(authd, '203.0.113.9', `${path}-other`)).not.toBe(403)
    },
  )

  test('is the default deny where no rule allows the address', async () => {
    const authd = await start({ ipfilter: { default: 'deny' } })
    for (const cidr of ['203.0.113.0/24', '127.0.0.1']) await add(authd, cidr, { action: 'allow' })

    expect(await statusFrom(authd, '203.0.113.9')).toBe(200)
    expect(await statusFrom(authd, '8.8.8.8')).toBe(403)
    expect(await statusFrom(authd, '2001:db8::1')).toBe(403)
  })

  test('is the default deny for sign-in only, if so configured', async () => {
    const authd = await start({ ipfilter: { login_default: 'deny' } })

    expect(await statusFrom(authd, '8.8.8.8', '/v1/signin')).toBe(403)
    expect(await statusFrom(authd, '8.8.8.8', '/openapi.json')).toBe(200)
  })
})

test('it covers every route except the probes, and never says why', async () => {
  const authd = await start()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await add(authd, '203.0.113.0/24')
  await authd.deps.cache.refresh()
  const ask = (path: string, method = 'GET') =>
    browser.send(method, path, { headers: { 'X-Forwarded-For': '203.0.113.9' } })

  for (const path of [
    '/v1/session',
    '/account',
    '/openapi.json',
    '/.well-known/jwks.json',
    '/assets/x.css',
    '/nowhere',
  ]) {
    const reply = await ask(path)
    expect([path, reply.status]).toEqual([path, 403])
    expect(JSON.stringify(reply.body)).not.toMatch(/a test|203\.0\.113|ipf_/)
  }
  expect((await ask('/v1/token/refresh', 'POST')).status).toBe(403)
  for (const path of ['/health', '/readiness', '/liveness']) expect((await ask(path)).status).toBe(200)
})

describe('a rule that would lock the operator out', () => {
  test.each([
    ['203.0.113.0/24', '203.0.113.77', 'your own address 203.0.113.77'],
    ['127.0.0.0/8', undefined, 'this machine'],
    ['::1', undefined, 'this machine'],
    ['192.0.2.0/24', undefined, 'this machine'],
    ['2001:db8:7::/48', undefined, 'this machine'],
    ['10.0.0.0/16', undefined, 'the trusted proxy 10.0.0.0/24'],
    ['16.0.0.0/7', undefined, 'wider than a /8'],
    ['2000::/16', undefined, 'wider than a /32'],
  ])('%s is rejected unless the operator accepts the risk', async (cidr, own, words) => {
    const authd = await startAuthd({ config: { server: { trusted_proxies: ['10.0.0.0/24'] } } })
    const machine = ['192.0.2.7', '2001:db8:7::1']

    await expect(add(authd, cidr, { own, machine })).rejects.toMatchObject({
      code: 'LOCKOUT_RISK',
      message: expect.stringContaining(words),
    })
    expect((await add(authd, cidr, { own, machine, acceptsLockout: true })).filters).toHaveLength(1)
    expect((await add(authd, cidr, { own, machine, action: 'allow' })).filters).toHaveLength(1)
  })

  test('one bad rule in a list prevents all of them', async () => {
    const authd = await start()
    const rules = ['203.0.113.0/24', '203.0.113.5/24'].map((cidr) => ({ cidr, reason: 'x' }))

    await expect(add(authd, '', { rules })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' })
    await expect(
      removeIpFilters(authd.deps, SYSTEM, { names: ['203.0.113.0/24'], acceptsLockout: false }),
    ).rejects.toMatchObject({
      code: 'IP_FILTER_NOT_FOUND',
    })
  })
})
