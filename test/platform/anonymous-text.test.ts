import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { anonymousText } from '../../src/platform/anonymous-text.ts'

/** 32 bytes that look random, the same in every run. */
const secretOf = (n: number) => createHash('sha256').update(String(n)).digest()

test('SECURITY: no secret in base64 or base64url is left in a text, whatever signs are in it', () => {
  const left = []
  for (let n = 0; n < 5000; n += 1) {
    for (const secret of [secretOf(n).toString('base64'), secretOf(n).toString('base64url')]) {
      for (const text of [`whsec_${secret}`, `key=${secret}`, `"${secret}"`]) {
        if (anonymousText(text, []).includes(secret)) left.push(text)
      }
    }
  }

  expect(left).toEqual([])
})

test('paths and sentences stay readable', () => {
  const text = 'GET /v1/me/passkeys/options 200 /usr/lib/x86_64-linux-gnu/authd/templates/pages listening on 127.0.0.1'

  expect(anonymousText(text, [])).toBe(text)
})

test.each([
  ['an address after a line break in JSON', '\\n203.0.113.5 gone', '203.0.113'],
  ['an address after a tab in JSON', '\\t203.0.113.6', '203.0.113'],
  ['an address behind a word', 'ip_203.0.113.7 v203.0.113.8', '203.0.113'],
  ['an address of version 6 after a line break in JSON', '\\n2001:db8::6', 'db8'],
  ['an address of version 6 in percent form', '2001%3Adb8%3A%3A7', 'db8'],
  ['an address as a host name', 'ip-203-0-113-5.ec2.internal', '203-0'],
  ['a mail address with quotes', '"jane doe"@example.com', 'jane'],
  ['a mail address in percent form, twice', 'jane%2540x.de', 'jane'],
  ['a mail address in JSON', 'jane\\u0040example.com', 'jane'],
  ['a mail address in a header', '=?utf-8?q?jane=40example.com?=', 'jane'],
  ['the password of a header', 'Authorization: Basic dXNlcjpwYXNz', 'dXNl'],
  ['a cookie', '"cookie":"sid=abcd1234"', 'abcd'],
  ['a password in a form', 'a=b&password=hunter2&c=d', 'hunter2'],
  ['a key in a path', '/hook/0123456789abcdef0123456789abcdef', '0123456789'],
  ['a long number', '1'.repeat(40), '11'],
  ['a password with a bracket in a URL', 'https://user:pa(ss@host/x', 'pa'],
  ['a password with signs in a URL', 'postgres://u:p%40s&s=word@db/authd', 'word'],
])('SECURITY: what is left of a text names nobody and opens nothing: %s', (_, text, canary) => {
  expect(anonymousText(`before ${text} after`, [])).not.toContain(canary)
  expect(anonymousText(JSON.stringify({ a: `${text}` }), [])).not.toContain(canary)
})

test('what says nothing about a person stays', () => {
  const texts = [
    '{"level":"info","message":"listening","address":"http://127.0.0.1:3000","at":"2026-11-29T12:34:56.789Z"}',
    'authd 0.1.0 on Node 24.21.0, schema 0029_user_handles, exit 78',
    'https://auth.example.com/signin?x=1 and /var/lib/authd/backups/some.sqlite',
    'the password is wrong: see smtp.password_file',
  ]

  expect(texts.map((text) => anonymousText(text, []))).toEqual(texts)
})
