import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hidePassword } from '../../src/mail/quoted-password.ts'

test('SECURITY: a relay that quotes the command which it refuses shows no password, in whatever form it was sent', () => {
  const typed = fc.string({ minLength: 4, maxLength: 40, unit: 'grapheme' }).filter((text) => text.trim().length >= 4)
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), typed, (user, password) => {
      const hide = hidePassword({ password })
      const plain = Buffer.from(`\0${user}\0${password}`).toString('base64')
      const login = Buffer.from(password).toString('base64')
      const said = [plain, login, password, encodeURIComponent(password)].map((form) => hide(`535 no <${form}> here`))

      expect(said).toEqual(Array(4).fill(expect.stringMatching(/^535 no <.*\[password\].*> here$/su)))
      for (const [n, form] of [plain, login].entries()) expect(said[n]).not.toContain(form.slice(-8))
      for (const text of said) expect(text).not.toContain(password)
    }),
  )
})

test('what has no password in it stays, and so does everything without a password', () => {
  const answer = '535 5.7.8 authentication failed: UGFzc3dvcmQ6 for ab'

  expect(hidePassword({ password: 'Pw9CANARY' })(answer)).toBe(answer)
  expect(hidePassword({ password: undefined })(answer)).toBe(answer)
  expect(hidePassword({ password: '' })(answer)).toBe(answer)
})
