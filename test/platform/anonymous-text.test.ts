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
