import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/platform/log.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { askForCode } from '../support/people.ts'

const HOSTILE = [
  'a b',
  'a"b',
  '<script>',
  '$(id)',
  'a;b',
  'a\u00e9',
  '../..',
  'x'.repeat(129),
  '\u009b31m',
  '{"level":"error"}',
  'a,b',
]

async function requestIdFor(authd: { address: string }, sent: string): Promise<string | null> {
  const { headers } = await exchange(`${authd.address}/liveness`, { method: 'GET', headers: { 'X-Request-ID': sent } })
  return headers.get('X-Request-ID')
}

const TRUSTING = { server: { trusted_proxies: ['127.0.0.1'] } }

describe('the request id', () => {
  test('of a trusted proxy is kept in the answer, the log and the audit log', async () => {
    const authd = await startAuthd({ config: TRUSTING })

    const { headers } = await authd
      .browser()
      .post('/v1/signin', { json: { email: 'ada@example.com' }, headers: { 'X-Request-ID': 'proxy-1.a_B' } })

    expect(headers.get('X-Request-ID')).toBe('proxy-1.a_B')
    expect(authd.log.lines[0]?.fields).toMatchObject({ request_id: 'proxy-1.a_B' })
    expect((await authd.auditLog()).at(-1)?.requestId).toBe('proxy-1.a_B')
  })

  test('from a client is replaced', async () => {
    const authd = await startAuthd()

    expect(await requestIdFor(authd, 'chosen')).toMatch(/^req_[0-9a-z]{26}$/)
  })

  test('is replaced if malformed, also from a trusted proxy', async () => {
    const authd = await startAuthd({ config: TRUSTING })

    const ids = []
    for (const sent of HOSTILE) ids.push(await requestIdFor(authd, sent))

    expect(ids.filter((id) => !/^req_[0-9a-z]{26}$/.test(id ?? ''))).toEqual([])
    expect(new Set(ids).size).toBe(HOSTILE.length)
  })
})

describe('the trace of a request', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'

  async function traceSeen(traceparent: string, config = {}) {
    const authd = await startAuthd({ config })
    const json = { email: 'ada@example.com' }
    await authd.browser().post('/v1/signin', { json, headers: { traceparent } })
    const audited = (await authd.auditLog()).at(-1)?.metadata['trace_id']
    const logged = authd.log.lines.find(({ message }) => message === 'request')?.fields?.['trace_id']
    return [logged, audited]
  }

  test('of a trusted proxy is in the log and the audit log', async () => {
    expect(await traceSeen(`00-${trace}-00f067aa0ba902b7-01`, TRUSTING)).toEqual([trace, trace])
    expect(await traceSeen(`01-${trace}-00f067aa0ba902b7-01-later`, TRUSTING)).toEqual([trace, trace])
  })

  test('is ignored from a client, or if malformed', async () => {
    expect(await traceSeen(`00-${trace}-00f067aa0ba902b7-01`)).toEqual([undefined, undefined])
    for (const wrong of [`ff-${trace}-00f067aa0ba902b7-01`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, trace, 'x'])
      expect(await traceSeen(wrong, TRUSTING)).toEqual([undefined, undefined])
  })
})

describe('the client’s address', () => {
  async function ipSeen(forwardedFor: string, trusted: string[]): Promise<unknown> {
    const authd = await startAuthd({ config: { server: { trusted_proxies: trusted } } })
    await authd.browser().get('/liveness', { headers: { 'X-Forwarded-For': forwardedFor } })
    return authd.log.lines.find(({ message }) => message === 'request')?.fields?.['ip']
  }

  test.each([
    ['8.8.8.8', [], '127.0.0.1'],
    ['8.8.8.8', ['127.0.0.1'], '8.8.8.8'],
    ['1.1.1.1, 8.8.8.8', ['127.0.0.1'], '8.8.8.8'],
    ['1.1.1.1, 8.8.8.8, 10.0.0.7', ['127.0.0.1', '10.0.0.0/8'], '8.8.8.8'],
    ['8.8.8.8, nonsense', ['127.0.0.1'], '127.0.0.1'],
    ['::ffff:8.8.8.8', ['127.0.0.1'], '8.8.8.8'],
    ['2001:DB8:0::1', ['127.0.0.1'], '2001:db8::1'],
    ['', ['127.0.0.1'], '127.0.0.1'],
  ])('of "%s" with trusted proxies %j is %s', async (forwardedFor, trusted, expected) => {
    expect(await ipSeen(forwardedFor, trusted)).toBe(expected)
  })
})

/** Everything that a client can put into a request. */
const ODD = [
  '\u001b[31m',
  '\u0007',
  '\u0000',
  '\r\nforged',
  '\u009b',
  '\u2028',
  '"}\n{"level":"error"',
  '%0d%0a',
  '\u007f',
]

describe.each(['json', 'pretty'] as const)('%s logs', (format) => {
  test('have one line per entry without control bytes, whatever requests and errors contain', async () => {
    const stream = new PassThrough()
    const log = createLog({ level: 'debug', format, stream })
    const authd = await startAuthd({ log })

    for (const odd of ODD) {
      const safe = encodeURIComponent(odd)
      await authd.browser().get(`/v1/${safe}?x=${safe}`)
      await authd.browser().post('/v1/signin', { json: { email: odd, [odd]: odd, lang: odd } })
      authd.deps.mailer.send = () => Promise.reject(new Error(`421 ${odd}`))
      await askForCode(authd)
      log.error('request failed', { error: new Error(odd, { cause: odd }), [`field ${odd}`]: odd, list: [odd] })
    }
    const lines = String(stream.read()).trimEnd().split('\n')

    expect(lines.length).toBeGreaterThan(ODD.length * 4)
    expect(lines.filter((line) => !/^(\{"time":"[\d-]{10}T)?\d\d:\d\d:\d\d\.\d{3}/.test(line))).toEqual([])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(lines.filter((line) => /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(line))).toEqual([])
  })
})

test('each JSON line has level, message, a UTC time and the request id', async () => {
  const stream = new PassThrough()
  const authd = await startAuthd({ log: createLog({ level: 'info', format: 'json', stream }) })

  const { headers } = await authd.browser().get('/v1/session?token=secret')
  const entry = JSON.parse(String(stream.read()).split('\n')[0] ?? '')

  expect(entry).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: 'info',
    message: 'request',
    request_id: headers.get('X-Request-ID'),
    method: 'GET',
    route: '/v1/session',
    status: 401,
    ms: expect.any(Number),
    ip: '127.0.0.1',
  })
})
