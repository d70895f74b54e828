import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { type Browser, exchange, type Sent } from '../support/http-client.ts'
import { type Document, inlined, type Operation, type Schema } from '../support/openapi.ts'
import { ADA, askForCode, signInForTokens, signInOnPage } from '../support/people.ts'

const ENDPOINTS = allEndpoints({ version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false })

async function documentOf(authd: Authd) {
  return (await authd.browser().get('/openapi.json')).body
}

function operationsOf({ paths }: Document): Operation[] {
  return Object.values(paths).flatMap((path) => Object.values(path))
}

test('routes and document match in both directions', async () => {
  const authd = await startAuthd()

  const { paths } = await documentOf(authd)
  const documented = Object.entries<object>(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routed = ENDPOINTS.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)

  expect(documented.sort()).toEqual([...routed, 'GET /openapi.json'].sort())
})

test('each documented route exists: it does not answer 404 for its path or 405 for its method', async () => {
  const authd = await startAuthd()
  await createApiKey(authd.deps, SYSTEM, { name: 'admin', scopes: ['users:read'], expiresAt: null })
  const { paths } = await documentOf(authd)

  const missing = []
  for (const [path, operations] of Object.entries<object>(paths)) {
    for (const method of Object.keys(operations)) {
      const url = authd.address + path.replace('{id}', 'ses_x')
      const { status, text } = await exchange(url, { method: method.toUpperCase() })
      if (status === 405 || text.includes('"code":"NOT_FOUND"')) missing.push([method, path])
    }
  }

  expect(missing).toEqual([])
})

test('the document is OpenAPI 3.1 with unique names, descriptions and no dangling reference', async () => {
  const authd = await startAuthd()

  const document = await documentOf(authd)
  const operations = operationsOf(document)

  expect(document.openapi).toBe('3.1.0')
  expect(document.servers).toEqual([{ url: authd.url }])
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  expect(operations.filter(({ summary, description, security }) => !summary || !description || !security)).toEqual([])
  expect(() => inlined(document, document)).not.toThrow()
  expect(document.components.schemas.Problem.properties.code['x-extensible-enum']).toEqual(Object.keys(ERRORS))
})

/** The same sequence for each seed (mulberry32). */
function dice(seed: number) {
  let state = seed
  const roll = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return { pick: <Item>(items: readonly Item[]): Item => items[Math.floor(roll() * items.length)] as Item, roll }
}

/** Good, nearly good and bad values for any field. */
function valuesFor(live: { tokens: string[]; sessionIds: string[]; code: string }): unknown[] {
  const odd = [
    '',
    ' ',
    '0',
    '000000',
    'a@example.com',
    ADA,
    '\u0000',
    '💣',
    'x'.repeat(5000),
    '../..',
    "' OR 1=1",
    '%00',
  ]
  return [...live.tokens, ...live.sessionIds, live.code, ...odd, null, true, 0, -1, 1e21, [], {}, ['a'], { $ne: 1 }]
}

async function prepare(authd: Authd) {
  const { key, token } = await createApiKey(authd.deps, SYSTEM, { name: 'x', scopes: ['introspect'], expiresAt: null })
  const admin = await createApiKey(authd.deps, SYSTEM, { name: 'y', scopes: [...ADMIN_SCOPES], expiresAt: null })
  const ada = await signInForTokens(authd)
  const { attemptToken, code } = await askForCode(authd, 'bob@example.com')
  const browser = authd.browser()
  await signInOnPage(authd, browser, 'eve@example.com')
  return {
    browser,
    code,
    tokens: [attemptToken, ada.accessToken, ada.refreshToken, token, admin.token],
    sessionIds: [ada.sessionId, key.id, ada.userId],
  }
}

describe.each([1, 2])('250 calls generated from the document (seed %i)', (seed) => {
  test('all get documented answers, and none a server error', async () => {
    const authd = await startAuthd()
    const document = await documentOf(authd)
    const { paths } = document
    const { pick, roll } = dice(seed)
    const statuses: number[] = []
    let live = await prepare(authd)

    for (let call = 0; call < 250; call += 1) {
      // Some calls end the live sessions.
      if (call % 25 === 24) live = await prepare(authd)
      const values = valuesFor(live)
      const { method, path, body } = pick(ENDPOINTS)
      const { requestBody, parameters = [] } = paths[path.replace(/:(\w+)/, '{$1}')][method.toLowerCase()]
      const media = Object.values<{ schema: Schema }>(requestBody?.content ?? {})[0]
      const { properties = {} } = inlined(document, media?.schema ?? {})
      const names = [...Object.keys(properties), ...(roll() < 0.1 ? ['x'] : [])]
      const fields = Object.fromEntries(names.filter(() => roll() < 0.7).map((name) => [name, pick(values)]))
      const form = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
      const sent: Sent = {
        ...(body?.type === 'json' && { json: roll() < 0.1 ? pick(values) : fields }),
        ...(body?.type === 'form' && { form }),
        ...(roll() < 0.4 && { bearer: encodeURIComponent(pick(live.tokens)) }),
      }
      const asked = parameters.filter(({ in: where }: { in: string }) => where === 'query' && roll() < 0.2)
      const query = asked.map(({ name }: { name: string }) => `${name}=${encodeURIComponent(String(pick(values)))}`)
      const id = encodeURIComponent(String(pick([...live.sessionIds, ...values])).slice(0, 100)) || 'x'
      const browser: Browser = roll() < 0.5 ? live.browser : authd.browser()
      // The client fails on any undocumented answer.
      statuses.push((await browser.send(method, `${path.replace(/:\w+/, id)}?${query.join('&')}`, sent)).status)
    }

    expect(statuses.filter((status) => status >= 500)).toEqual([])
    expect(authd.log.lines.filter(({ level }) => level === 'error')).toEqual([])
    expect(new Set(statuses).size).toBeGreaterThan(5)
  })
})
