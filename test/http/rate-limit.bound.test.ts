import { describe, expect, test } from 'vitest'
import { flushTally } from '../../src/flows/limits/rate-limit.ts'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { listBuckets } from '../../src/store/rate-limits.ts'
import { documented, ENDPOINTS, inhabit } from '../support/documented.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInOnPage } from '../support/people.ts'

const OF_SESSIONS = ENDPOINTS.filter(({ guard }) => typeof guard === 'string')
const OF_KEYS = ENDPOINTS.filter(({ guard }) => typeof guard === 'object')
const ACCOUNT = PAGES.filter(({ path }) => path.startsWith('/account')).map((page) => ({
  ...page,
  route: `${page.method} ${page.path}`,
}))

/** What a call wrote to the audit log, and what it counted against. */
async function boundOf(authd: Authd, subject: string, call: () => Promise<unknown>) {
  await flushTally(authd.deps)
  const used = async () => {
    await flushTally(authd.deps)
    const buckets = await authd.deps.db.read((sql) => listBuckets(sql, { now: authd.clock.now() }, 100))
    return buckets
      .filter((bucket) => [subject, '127.0.0.1'].includes(bucket.subject))
      .reduce((sum, b) => sum + b.used, 0)
  }
  const before = { events: (await authd.auditLog()).length, used: await used() }
  await call()
  return { events: (await authd.auditLog()).length - before.events, counted: (await used()) - before.used }
}

const isUnbound = ({ events, counted }: { events: number; counted: number }) => events > 0 && counted === 0

describe('a call that writes to the audit log counts against something', () => {
  test.each([...OF_SESSIONS, ...ACCOUNT])('of a session: $route', async (declared) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { body } = await browser.get('/v1/session')
    const json = 'tag' in declared && declared.body?.type === 'json' ? { json: documented(declared).request } : {}
    const sent = 'tag' in declared || declared.method === 'GET' ? json : { form: {} }

    const bound = await boundOf(authd, body.session.id, () =>
      browser.send(declared.method, declared.path.replace(/:\w+/, 'x'), sent),
    )

    expect(isUnbound(bound)).toBe(false)
  })

  test.each(OF_KEYS)('of an API key: $route', async (declared) => {
    const authd = await startAuthd()
    const pathTo = await inhabit(authd)
    const asAdmin = { name: 'test', scopes: [...ADMIN_SCOPES, 'introspect' as const], expiresAt: null }
    const { key, token: bearer } = await createApiKey(authd.deps, SYSTEM, asAdmin)
    const json = declared.body?.type === 'json' ? { json: documented(declared).request } : {}

    const { counted } = await boundOf(authd, key.id, () =>
      authd.browser().send(declared.method, pathTo(declared.path), { bearer, ...json }),
    )

    expect(counted).toBeGreaterThan(0)
  })
})
