import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey, endApiKey, type Scope } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { allEndpoints, createApp } from '../../src/http/app.ts'
import { DAY } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Sent } from '../support/http-client.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

const LIFECYCLE = { version: '', startedAt: 0, isStopping: () => false, isDevelopment: false }
const ROUTES = allEndpoints(LIFECYCLE)
  .filter(({ path }) => path.startsWith('/admin/'))
  .map(({ method, path, guard }) => ({ method, path, scope: (guard as { scope: Scope }).scope }))

async function key(authd: Authd, scopes: readonly Scope[] = ADMIN_SCOPES, network: string | null = null) {
  return await createApiKey(authd.deps, SYSTEM, { name: 'test', scopes: [...scopes], expiresAt: null, network })
}

/** A client that sends this key with every request. */
async function admin(authd: Authd, scopes?: readonly Scope[]) {
  const { token: bearer } = await key(authd, scopes)
  const send = (method: string, path: string, sent: Sent = {}) =>
    authd.browser().send(method, path, { bearer, ...sent })
  return {
    get: (path: string) => send('GET', path),
    post: (path: string, json: object) => send('POST', path, { json }),
    patch: (path: string, json: object) => send('PATCH', path, { json }),
    delete: (path: string) => send('DELETE', path),
  }
}

const fill = (path: string) => path.replace(/:\w+/, 'usr_00000000000000000000000000')

describe('the admin API', () => {
  test('is absent until an admin key is in force', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { token } = await key(authd, ['introspect', 'signin'])
    const statuses = async (sent: Sent) =>
      new Set(await Promise.all(ROUTES.map(async (r) => (await browser.send(r.method, fill(r.path), sent)).status)))

    expect(await statuses({})).toEqual(new Set([404]))
    expect(await statuses({ bearer: token })).toEqual(new Set([404]))
    const { key: made } = await key(authd, ['audit:read'])
    expect(await statuses({ bearer: token })).toEqual(new Set([403]))
    await endApiKey(authd.deps, SYSTEM, made.id)
    expect(await statuses({ bearer: token })).toEqual(new Set([404]))
  })

  test.each(ROUTES)('$method $path requires a valid key with $scope, from its network', async (route) => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)
    const browser = authd.browser()
    await signInOnPage(authd, browser, 'bob@example.com')
    const others = ADMIN_SCOPES.filter((scope) => scope !== route.scope)
    const wrong = await key(authd, others)
    const far = await key(authd, ADMIN_SCOPES, '10.0.0.0/8')
    const near = await key(authd, ADMIN_SCOPES, '127.0.0.0/8')
    const ended = await key(authd)
    await endApiKey(authd.deps, SYSTEM, ended.key.id)
    const expiring = { name: 'x', scopes: [...ADMIN_SCOPES], expiresAt: authd.clock.now() + DAY }
    const expired = await createApiKey(authd.deps, SYSTEM, expiring)
    authd.clock.advance(DAY)
    const ask = async (sent: Sent, client = authd.browser()) =>
      (await client.send(route.method, fill(route.path), sent)).status

    expect(await ask({})).toBe(401)
    expect(await ask({}, browser)).toBe(401)
    expect(await ask({ bearer: accessToken })).toBe(401)
    for (const { token } of [far, ended, expired]) expect(await ask({ bearer: token })).toBe(401)
    expect(await ask({ bearer: `${near.token}x` })).toBe(401)
    expect(await ask({ bearer: wrong.token })).toBe(403)
    expect([401, 403]).not.toContain(await ask({ bearer: near.token }))
  })

  test('has its own listener with admin.listen', async () => {
    const authd = await startAuthd({ config: { admin: { listen: '127.0.0.1:3001' } } })
    expect((await (await admin(authd)).get('/admin/users')).status).toBe(404)

    const { token: bearer } = await key(authd)
    const door = createServer((await createApp(authd.deps, LIFECYCLE, { door: 'admin' })).callback())
    onTestFinished(() => void door.close().closeAllConnections())
    await once(door.listen(0, '127.0.0.1'), 'listening')
    const { port } = door.address() as AddressInfo
    const ask = async (path: string) =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Authorization: `Bearer ${bearer}` } })).status
    expect(await Promise.all(['/admin/users', '/health', '/signin', '/v1/session'].map(ask))).toEqual([
      200, 200, 404, 404,
    ])
  })
})

describe.each(['sqlite', 'postgres'] as const)('users (%s)', (database) => {
  test('are listed in parts, by offset and by the cursor of Link', async () => {
    const authd = await startAuthd({ database })
    const api = await admin(authd)
    for (const name of ['a', 'b', 'c', 'd', 'e']) await api.post('/admin/users', { email: `${name}@example.com` })

    const first = await api.get('/admin/users?limit=2')
    expect(first.body.map(({ email }: { email: string }) => email)).toEqual(['e@example.com', 'd@example.com'])
    expect(first.headers.get('X-Total-Count')).toBe('5')
    const byOffset = await api.get('/admin/users?limit=2&offset=2')
    const [, next = ''] = /^<(.*)>; rel="next"$/.exec(first.headers.get('Link') ?? '') ?? []
    const byCursor = await api.get(`/admin/users${next}`)
    expect(byCursor.body).toEqual(byOffset.body)
    expect((await api.get('/admin/users?q=C@')).body).toMatchObject([{ email: 'c@example.com', totp_enabled: false }])
    expect((await api.get('/admin/users?offset=10001')).body.details.errors[0].pointer).toBe('/offset')
    expect((await api.get('/admin/users?limit=2&offset=4')).headers.get('Link')).toBeNull()
  })

  test('are added, changed, disabled, enabled and deleted, and each act is audited with its key', async () => {
    const authd = await startAuthd({ database })
    const { key: made, token: bearer } = await key(authd)
    const send = (method: string, path: string, json?: object) =>
      authd.browser().send(method, path, { bearer, ...(json && { json }) })
    const added = await send('POST', '/admin/users', { email: 'Ada@Example.com', name: 'Ada' })
    const path = `/admin/users/${added.body.id}`

    expect(added).toMatchObject({ status: 201, body: { email: ADA, name: 'Ada', status: 'active' } })
    expect((await send('POST', '/admin/users', { email: ADA })).body.code).toBe('CONFLICT')
    expect((await send('PATCH', path, { mfa_policy: 'required' })).body.mfa_policy).toBe('required')
    expect((await send('PATCH', path, { name: null, mfa_policy: null })).body).toMatchObject({ name: null })
    const { sessionId } = await signInForTokens(authd)
    expect((await send('POST', `${path}/disable`, { reason: 'left' })).body).toMatchObject({
      status: 'disabled',
      disabled_reason: 'left',
      live_sessions: 0,
    })
    expect((await send('GET', `${path}/sessions`)).body).toMatchObject([{ token: sessionId, revoked: true }])
    expect((await send('POST', `${path}/enable`)).body.status).toBe('active')
    expect((await send('POST', `${path}/unlock`)).status).toBe(200)
    const actsOfKey = async () => (await authd.auditLog()).filter(({ actor }) => actor === `api-key:${made.id}`)
    const before = await actsOfKey()
    expect((await send('DELETE', path)).status).toBe(204)
    expect((await send('DELETE', path)).body.code).toBe('USER_NOT_FOUND')

    const acts = await actsOfKey()
    expect(acts.map(({ eventType }) => eventType)).toEqual([
      'user.registered',
      'user.updated',
      'user.updated',
      'session.revoked',
      'user.disabled',
      'user.enabled',
      'user.unlocked',
      'user.deleted',
    ])
    const withPlace = [...before, ...acts.slice(-1)]
    expect(withPlace.every(({ requestId, ip }) => requestId !== null && ip === '127.0.0.1')).toBe(true)
  })

  test('lose one session or all; repeating it is not an error', async () => {
    const authd = await startAuthd({ database })
    const api = await admin(authd)
    const one = await signInForTokens(authd)
    const two = await signInForTokens(authd)

    for (let times = 0; times < 2; times += 1)
      expect((await api.delete(`/admin/sessions/${one.sessionId}`)).status).toBe(204)
    expect((await api.delete('/admin/sessions/ses_00000000000000000000000000')).body.code).toBe('SESSION_NOT_FOUND')
    expect((await api.delete(`/admin/users/${one.userId}/sessions`)).body).toEqual({ revoked: 1 })
    expect((await authd.browser().get('/v1/session', { bearer: two.accessToken })).status).toBe(401)
    await authd.auditLog()
    expect((await api.get('/admin/stats')).body).toMatchObject({
      total_users: 1,
      total_sessions: 2,
      active_sessions: 0,
    })
  })
})

test('the audit log is read in parts, by glob, network and time; an event is shown with its request', async () => {
  const authd = await startAuthd({ config: { server: { trusted_proxies: ['127.0.0.1'] } } })
  const api = await admin(authd)
  await signInForTokens(authd)
  await authd.browser().post('/v1/signin', { json: { email: 'x' }, headers: { 'X-Forwarded-For': '203.0.113.9' } })
  await authd.auditLog()

  const all = await api.get('/admin/audit?limit=1000')
  const paged: unknown[] = []
  let path: string | undefined = '/admin/audit?limit=2&since=2020-01-01T00:00:00Z'
  while (path !== undefined) {
    const page = await api.get(path)
    paged.push(...page.body)
    const next: string | undefined = /^<(.*)>/.exec(page.headers.get('Link') ?? '')?.[1]
    path = next && `/admin/audit${next}`
  }
  expect(paged).toEqual(all.body)
  const begun = await api.get('/admin/audit?event=session.*,user.authenticated&ip=127.0.0.0/8&outcome=success')
  expect(begun.body.map((event: { event_type: string }) => event.event_type)).toEqual([
    'user.authenticated',
    'session.created',
  ])
  expect((await api.get('/admin/audit?ip=10.0.0.0/8')).body).toEqual([])
  expect((await api.get('/admin/audit?ip=nowhere')).body.code).toBe('VALIDATION_ERROR')
  const shown = await api.get(`/admin/audit/${begun.body[0].id}`)
  expect(shown.body.event).toEqual(begun.body[0])
  expect(shown.body.request).toContainEqual(begun.body[1])
  expect((await api.get('/admin/audit/evt_none')).body.code).toBe('EVENT_NOT_FOUND')
})

test('rules, settings and mails work as on the command line, with the same protection against lockout', async () => {
  const authd = await startAuthd()
  const api = await admin(authd)
  const rule = { cidr: '203.0.113.0/24', reason: 'a test' }
  const added = await api.post('/admin/ipfilters', rule)
  expect(added).toMatchObject({ status: 201, body: { ...rule, action: 'block', scope: 'all', expires_at: null } })
  expect((await api.get('/admin/ipfilters')).body).toEqual([added.body])
  expect((await api.post('/admin/ipfilters', { ...rule, cidr: '127.0.0.0/8' })).body.code).toBe('LOCKOUT_RISK')
  expect((await api.delete(`/admin/ipfilters/${added.body.id}`)).status).toBe(204)
  expect((await api.delete(`/admin/ipfilters/${added.body.id}`)).body.code).toBe('IP_FILTER_NOT_FOUND')

  const set = await api.patch('/admin/settings/signup.policy', { value: 'closed' })
  expect(set.body).toMatchObject({ key: 'signup.policy', value: 'closed', origin: 'setting' })
  expect((await api.patch('/admin/settings/signup.policy', { value: 'never' })).status).toBe(400)
  expect((await api.patch('/admin/settings/public_url', { value: 'x' })).status).toBe(400)
  expect((await api.delete('/admin/settings/signup.policy')).body.origin).toBe('config')
  expect((await api.get('/admin/settings')).body.length).toBeGreaterThan(5)

  await api.patch('/admin/settings/signup.policy', { value: 'open' })
  await authd.browser().post('/v1/signin', { json: { email: ADA } })
  const mails = await api.get('/admin/mail?state=pending')
  expect(mails.body).toMatchObject([{ template: 'signin', state: 'pending' }])
  expect(JSON.stringify(mails.body)).not.toContain(ADA)
  expect((await api.get('/admin/lockouts')).body).toEqual([])
})
