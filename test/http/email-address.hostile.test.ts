import { expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'

/** None of these may reach a mail server. */
const HOSTILE = [
  '"a@evil.example x"@example.com',
  'a@evil.example,b@example.com',
  'a@example.com, b@evil.example',
  'a@example.com\r\nBcc: b@evil.example',
  'a@example.com\nSubject: x',
  'a@example.com%0ABcc:b@evil.example',
  'a b@example.com',
  'Ada <a@example.com>',
  '<a@example.com>',
  'a@example.com@evil.example',
  'a＠example.com@evil.example',
  'a﹫example.com',
  '=?utf-8?q?a=40evil.example?=@example.com',
  'a@[127.0.0.1]',
  'a@127.0.0.1',
  'a@example',
  'a@-example.com',
  'a@example..com',
  '.a@example.com',
  'a..b@example.com',
  'a@example.com.',
  'a\u0000@example.com',
  'a@exa\u200bmple.com',
  'a@example.com\u2028',
  'ａ@example.com',
  '\u212Aa@example.com',
  'a@exam℀ple.com',
  'a;b@example.com',
  'a:b@example.com',
  '(comment)a@example.com',
  'a\\@example.com',
  '@example.com',
  'a@',
  '',
  `${'a'.repeat(65)}@example.com`,
  `a@${'b'.repeat(64)}.com`,
  `a@${'b.'.repeat(130)}com`,
]

test('hostile addresses are rejected with a clear error, and no mail is queued', async () => {
  const authd = await startAuthd()

  const statuses = []
  for (const email of HOSTILE) {
    const reply = await authd.browser().post('/v1/signin', { json: { email } })
    const trimmed = email.trim() === 'a@example.com' ? 201 : 400
    statuses.push([email, reply.status, trimmed])
  }

  expect(statuses.filter(([, status, wanted]) => status !== wanted)).toEqual([])
  expect((await authd.takeMail()).every(({ to }) => to === 'a@example.com')).toBe(true)
})

test.each([
  ['Ada@Example.COM', 'ada@example.com'],
  ['  ada@example.com ', 'ada@example.com'],
  ["o'hara+shop@example.com", "o'hara+shop@example.com"],
  ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
])('mail for %s goes to %s', async (typed, canonical) => {
  const authd = await startAuthd()

  await authd.browser().post('/v1/signin', { json: { email: typed } })
  const [mail] = await authd.takeMail()

  expect(mail?.to).toBe(canonical)
})

test('no field of a request reaches the mail', async () => {
  const authd = await startAuthd()
  const hostile = '"><script>alert(1)</script>{{code}}<mj-include path="/etc/passwd"/>'

  await authd.browser().post('/v1/signin', {
    json: { email: 'ada@example.com', lang: hostile.slice(0, 35) },
    headers: { 'User-Agent': hostile, 'X-Forwarded-For': hostile.replace(/[^\x20-\x7e]/g, ''), Referer: 'http://x/' },
  })
  const [mail] = await authd.takeMail()

  expect(JSON.stringify(mail)).not.toMatch(/script|mj-include|passwd/)
})
