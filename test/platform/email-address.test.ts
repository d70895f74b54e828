import { expect, test } from 'vitest'
import { emailHint, maskEmail, parseEmailAddress } from '../../src/platform/email-address.ts'
import { fc } from '../support/property.ts'

test.each([
  ['Ada@Example.COM', 'ada@example.com'],
  [' ada+tag@example.com ', 'ada+tag@example.com'],
  ['ada.l@example.com', 'ada.l@example.com'],
  ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
  ["o'hara@example.com", "o'hara@example.com"],
])('%s is %s', (typed, canonical) => {
  expect(parseEmailAddress(typed)).toEqual({ typed: typed.trim(), canonical })
})

test.each(['\u200bada@example.com', 'ada@example.com\ufeff', '\u200eada@example.com\u200f', '\u00a0ada@example.com\n'])(
  'a copied "%s" loses what is not shown at its ends',
  (typed) => {
    expect(parseEmailAddress(typed)).toEqual({ typed: 'ada@example.com', canonical: 'ada@example.com' })
  },
)

test('a character inside that is not shown is named', () => {
  const typed = 'ada\u200b@example.com'

  expect(parseEmailAddress(typed)).toBeUndefined()
  expect(emailHint(typed)).toBe('It contains U+200B, a character that is not shown. Remove it.')
})

test.each([
  'Kelvin \u212A@example.com',
  'ı@example.com',
  'ada@exa。mple.com x',
  'a@b.1',
  'a@１２７.0.0.1',
  '=?utf-8?q?a?=@b.co',
])('%s is not an address, because it would change on the way', (typed) => {
  expect(parseEmailAddress(typed)).toBeUndefined()
})

test('any text is rejected, or becomes one plain ASCII address that stays the same', () => {
  const letters = fc.string({ unit: 'binary', maxLength: 12 })
  const almost = fc
    .tuple(letters, letters, fc.constantFrom('com', 'example', 'bücher', '。com', '1'))
    .map(([local, host, top]) => `${local}@${host}.${top}`)
  fc.assert(
    fc.property(fc.oneof(letters, almost, fc.emailAddress()), (text) => {
      const canonical = parseEmailAddress(text)?.canonical
      fc.pre(canonical !== undefined)
      expect(canonical).toMatch(/^[!#-'*+\-./0-9=?^_`a-z{|}~]+@[a-z0-9.-]+$/)
      expect(parseEmailAddress(canonical ?? '')?.canonical).toBe(canonical)
    }),
  )
})

test('a masked address shows its first letter and its domain', () => {
  expect(maskEmail('ada@example.com')).toBe('a…@example.com')
})
