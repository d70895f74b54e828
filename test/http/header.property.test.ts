import { expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { templates } from '../../src/platform/texts/templates.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { fc } from '../support/property.ts'

const LIFECYCLE = { version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }
const ASSETS = Object.values(templates().assets).map(({ name }) => `/assets/${name}`)
const PATHS = [
  ...new Set([...allEndpoints(LIFECYCLE), ...PAGES].filter(({ method }) => method === 'GET').map(({ path }) => path)),
  '/openapi.json',
  '/metrics',
  ...ASSETS,
].map((path) => path.replace(/:\w+/, 'x'))

const coding = fc.constantFrom(
  'identity',
  '*',
  'gzip',
  'br',
  'zstd',
  'deflate',
  'compress',
  'x',
  '',
  'undefined',
  'toString',
)
const weight = fc.constantFrom(
  '',
  ';q=0',
  ';q=1',
  ';q=0.5',
  ';q=',
  ';q=x',
  ';q=-1',
  ';q=2',
  ';Q=0',
  ' ; q=0',
  ';',
  ';q=0;q=1',
)
const codings = fc
  .array(fc.tuple(coding, weight), { maxLength: 4 })
  .map((list) => list.map(([name, q]) => name + q).join(', '))
/** What a header may hold (RFC 9110 §5.5). */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...' ,;=/*"q01.'),
    fc
      .integer({ min: 0x20, max: 0xff })
      .filter((c) => c !== 0x7f)
      .map((c) => String.fromCharCode(c)),
  ),
  maxLength: 40,
})
const NAMES = [
  ...['Accept', 'Accept-Encoding', 'Accept-Language', 'If-None-Match', 'Range', 'Cookie', 'Origin', 'traceparent'],
  ...[
    'Authorization',
    'Authd-Client-IP',
    'Content-Type',
    'Content-Encoding',
    'X-Forwarded-For',
    'Forwarded',
    'User-Agent',
  ],
]
const headers = fc.oneof(
  { weight: 2, arbitrary: fc.record({ 'Accept-Encoding': fc.oneof(codings, anyText) }) },
  fc.tuple(fc.constantFrom(...NAMES), anyText).map(([name, text]) => ({ [name]: text })),
)

test('no header makes a GET fail', async () => {
  const authd = await startAuthd()
  await createApiKey(authd.deps, SYSTEM, { name: 'admin', scopes: ['users:read'], expiresAt: null })
  const { host } = new URL(authd.url)

  await fc.assert(
    fc.asyncProperty(fc.constantFrom('GET', 'HEAD'), fc.constantFrom(...PATHS), headers, async (method, path, sent) => {
      const { status } = await exchange(authd.address + path, { method, headers: { Host: host, ...sent } })
      expect(status).toBeLessThan(500)
    }),
    { numRuns: 600 },
  )
})

test.each(['identity;q=0', '*;q=0', 'identity;q=0, *;q=0', 'x;q=1, identity;q=0', '', 'gzip;q=0'])(
  'documents are sent as they are to a client that says "Accept-Encoding: %s"',
  async (value) => {
    const authd = await startAuthd()

    const reply = await authd.browser().get('/openapi.json', { headers: { 'Accept-Encoding': value } })

    expect([reply.status, reply.headers.get('Content-Encoding'), reply.headers.get('Vary')]).toEqual([
      200,
      null,
      expect.stringContaining('Accept-Encoding'),
    ])
    expect(reply.body.openapi).toBe('3.1.0')
  },
)

test.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, br;q=0.9', 'br'],
  ['gzip;q=0.1, identity;q=0', 'gzip'],
  ['identity, gzip;q=0.1', null],
])('documents are compressed for "Accept-Encoding: %s" as %s', async (value, encoding) => {
  const authd = await startAuthd()

  const { headers } = await exchange(`${authd.address}/openapi.json`, {
    method: 'GET',
    headers: { 'Accept-Encoding': value },
  })

  expect(headers.get('Content-Encoding')).toBe(encoding)
})

test('a failure outside of the error handler is logged', async () => {
  const lines: [message: string, error: unknown][] = []
  const keep = (message: string, { error }: Record<string, unknown> = {}) => {
    lines.push([message, error])
    if (message === 'request') throw new Error('the log fails')
  }
  const authd = await startAuthd({ log: { debug: keep, info: keep, warn: keep, error: keep } })

  const { status } = await exchange(`${authd.address}/liveness`, { method: 'GET' })

  expect(status).toBe(500)
  expect(lines.at(-1)).toEqual(['request failed', expect.objectContaining({ message: 'the log fails' })])
})
