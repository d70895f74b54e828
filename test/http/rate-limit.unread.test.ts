import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { flushTally } from '../../src/flows/limits/rate-limit.ts'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'

const config = { limits: { requests_per_minute: 10, guesses_per_hour: 100, mails_per_hour: 100 } }

/** Every route that reads a body. */
const ROUTES = [
  ...allEndpoints({ version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }),
  ...PAGES,
]
  .filter(({ method }) => method !== 'GET')
  .map(({ method, path }) => ({ method, path: path.replace(/:\w+/g, 'x') }))

/** Uses up the limit of this address. */
async function exhaust(authd: Authd): Promise<void> {
  for (let tries = 0; tries < 11; tries += 1) await authd.browser().post('/v1/signin', { json: {} })
}

/** Announces a body of this length and never sends it. Returns the status of the answer. */
async function announce(authd: Authd, { method, path }: { method: string; path: string }, headers = {}) {
  const sending = request(authd.address + path, { method, headers: { 'Content-Length': '60000', ...headers } })
  sending.on('error', () => {})
  sending.flushHeaders()
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  sending.destroy()
  return response.statusCode
}

const revoke = (authd: Authd, token: string) => authd.browser().post('/v1/token/revoke', { form: { token } })

describe.each(['sqlite', 'postgres'] as const)('over the limit of an address (%s)', (database) => {
  test('no route reads the body of a stranger', async () => {
    const authd = await startAuthd({ database, config })
    await exhaust(authd)
    const statuses: Record<string, unknown> = {}

    for (const route of ROUTES) statuses[`${route.method} ${route.path}`] = await announce(authd, route)
    statuses['junk'] = await announce(authd, { method: 'POST', path: '/v1/signin' }, { Authorization: 'Bearer junk' })
    statuses['nowhere'] = await announce(authd, { method: 'PUT', path: '/nowhere' })

    expect(Object.entries(statuses).filter(([, status]) => status !== 429)).toEqual([])
    expect(ROUTES.length).toBeGreaterThan(60)
  })

  test('those with a session or an API key are served as ever', async () => {
    const authd = await startAuthd({ database, config })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { token } = await createApiKey(authd.deps, SYSTEM, { name: 'x', scopes: ['introspect'], expiresAt: null })
    await exhaust(authd)

    const renamed = await browser.send('PATCH', '/v1/me', { json: { name: 'Ada' } })
    const asked = await authd.browser().post('/v1/token/introspect', { form: { token: 'x' }, bearer: token })

    expect([renamed.status, asked.status]).toEqual([200, 200])
  })

  test('junk revocations are refused, and a right one is not', async () => {
    const authd = await startAuthd({ database, config })
    const { refreshToken } = await signInForTokens(authd)
    const junk: number[] = []

    for (let tries = 0; tries < 12; tries += 1) junk.push((await revoke(authd, `rt_${tries}`)).status)
    const right = await revoke(authd, refreshToken)
    const refreshed = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })

    expect(junk.filter((status) => status === 200).length).toBeLessThanOrEqual(10)
    expect(junk.at(-1)).toBe(429)
    expect([right.status, refreshed.status]).toEqual([200, 429])
  })
})

test.each<[string, (authd: Authd) => Promise<unknown>]>([
  ['to an unknown path', (authd) => authd.browser().post('/nowhere', { json: {} })],
  ['by a wrong method', (authd) => authd.browser().send('PATCH', '/v1/signin', { json: {} })],
  ['with a body that is too large', (authd) => authd.browser().post('/v1/signin', { json: 'x'.repeat(70_000) })],
  [
    'from another site',
    (authd) => authd.browser().post('/signin', { form: {}, headers: { Origin: 'https://x.example' } }),
  ],
  ['without a refresh token', (authd) => authd.browser().post('/v1/token/refresh', { json: { a: 1 } })],
  [
    'of another media type',
    (authd) => authd.browser().post('/v1/token/revoke', { headers: { 'Content-Type': 'x/y' } }),
  ],
])('requests %s count against the address', async (_, send) => {
  const authd = await startAuthd({ config })

  for (let tries = 0; tries < 12; tries += 1) await send(authd)
  await flushTally(authd.deps)

  expect((await authd.browser().post('/v1/signin', { json: {} })).status).toBe(429)
})
