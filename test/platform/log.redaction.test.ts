import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createLog } from '../../src/platform/log.ts'

function logged(fields: Record<string, unknown>): string {
  const stream = new PassThrough()
  createLog({ level: 'debug', format: 'json', stream }).info('message', fields)
  return String(stream.read())
}

const SECRET = 'S3cr3t'
const TOKEN = `${'0'.repeat(26)}.${'A'.repeat(43)}`

test.each([
  { password: SECRET },
  { smtp: { password: SECRET } },
  { headers: { Cookie: SECRET, authorization: SECRET } },
  { code: SECRET },
  { link_token: SECRET },
  { secretDigest: SECRET },
  { private_key: SECRET },
  { list: [{ deeply: { nested: { seed: SECRET } } }] },
])('a field is hidden by its name: %j', (fields) => {
  expect(logged(fields)).not.toContain(SECRET)
})

test.each([`ses_${TOKEN}`, `att_${TOKEN}`, `key_${TOKEN}`, `dev_${TOKEN}`, `rt_${'0'.repeat(26)}.7.${'A'.repeat(43)}`])(
  'a token is hidden in any text, but not its id: %s',
  (token) => {
    const error = new Error(`before ${token} after`, { cause: new Error(`https://x/?token=${token}&x=1`) })

    const line = logged({ url: `https://x/signin/link?token=${token}`, error, list: [token] })

    expect(line).not.toContain('A'.repeat(20))
    expect(line).toContain('before')
  },
)

test('a JWT and an address are shortened, a stack trace is kept', () => {
  const error = new Error('of ada@example.com with eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl')

  const line = logged({ error })

  expect(line).not.toMatch(/ada@|eyJ/)
  expect(line).toContain('a…@example.com')
  expect(line).toContain('log.redaction.test')
})

test("the values in PostgreSQL's message about a violated key are hidden", () => {
  const error = Object.assign(new Error('duplicate key'), { code: '23505', detail: `Key (email)=(${SECRET})` })

  const line = logged({ error })

  expect(line).not.toContain(SECRET)
  expect(line).toContain('23505')
})

test('the level can change at run time, and flush waits for every line', async () => {
  const stream = new PassThrough()
  const log = createLog({ level: 'warn', format: 'json', stream })

  log.info('one')
  log.setLevel('info')
  log.info('two')
  await log.flush()

  expect(String(stream.read()).match(/"message":"\w+"/g)).toEqual(['"message":"two"'])
})

test('a line for people or programs has no character that acts on a terminal or changes the order', () => {
  const stream = new PassThrough()
  const fields = { said: 'a\u001b[31mb\u009bc\nd\u2028e\u202ef\u2066g' }

  createLog({ level: 'debug', format: 'pretty', stream }).info('message', fields)

  expect(String(stream.read())).toContain('said="a\\u001b[31mb\\u009bc\\nd\\u2028e\\u202ef\\u2066g"\n')
  expect(JSON.parse(logged(fields)).said).toBe(fields.said)
})

test('in a line for people, no text can look like another field or end its own', () => {
  const stream = new PassThrough()
  const fields = { said: 'x" level=error', ip: '203.0.113.7', none: '', path: 'a=b', count: 2 }

  createLog({ level: 'debug', format: 'pretty', stream }).info('message', fields)

  const line = String(stream.read())
  expect(line).toContain('message said="x\\" level=error" ip=203.0.113.7 none="" path="a=b" count=2\n')
})

test('an outage is logged in one line without a stack, at most once a second, with the number of lines left out', () => {
  const stream = new PassThrough()
  let elapsed = 0
  const log = createLog({ level: 'debug', format: 'json', stream, elapsed: () => elapsed })
  const outage = Object.assign(new Error('PostgreSQL at a:5432 does not answer.'), { isOutage: true })

  for (const at of [0, 10, 500, 1000]) {
    elapsed = at
    log.error('request failed', { route: '/x', error: new Error('UNAVAILABLE', { cause: outage }) })
  }
  log.error('request failed', { error: new Error('a bug') })

  const lines = String(stream.read())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toMatchObject([
    { message: 'request failed', route: '/x', error: 'PostgreSQL at a:5432 does not answer.' },
    { error: 'PostgreSQL at a:5432 does not answer.', similar: 2 },
    { error: { message: 'a bug', stack: expect.any(String) } },
  ])
})
