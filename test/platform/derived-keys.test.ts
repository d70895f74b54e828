import { expect, test } from 'vitest'
import { keysFrom } from '../../src/platform/derived-keys.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { fakeClock } from '../support/fakes.ts'

const random = systemRandom(fakeClock())
const keys = keysFrom(Buffer.from('a server secret of 32 bytes or more'), random)
const others = keysFrom(Buffer.from('another secret of 32 bytes or more!'), random)
const CONTEXT = { table: 'outbox', column: 'body_sealed', rowId: 'msg_1' }

test('a sealed value opens in its place, and is never sealed to the same bytes twice', () => {
  const [one, two] = [keys.seal(CONTEXT, 'grüße aus dem klartext'), keys.seal(CONTEXT, 'grüße aus dem klartext')]

  expect(keys.open(CONTEXT, one)).toBe('grüße aus dem klartext')
  expect(one).not.toBe(two)
  expect(one).not.toContain('klartext')
})

test.each([
  ['table', { ...CONTEXT, table: 'signing_keys' }],
  ['column', { ...CONTEXT, column: 'last_error' }],
  ['row', { ...CONTEXT, rowId: 'msg_2' }],
])('a sealed value does not open with another %s', (_, context) => {
  const sealed = keys.seal(CONTEXT, 'secret')

  expect(() => keys.open(context, sealed)).toThrow()
})

test('a sealed value does not open under another server secret, and the check value differs', () => {
  const sealed = keys.seal(CONTEXT, 'secret')

  expect(() => others.open(CONTEXT, sealed)).toThrow()
  expect(others.checkValue()).not.toBe(keys.checkValue())
})

test('a sealed value with a changed bit, a cut end or an unknown version does not open', () => {
  const sealed = keys.seal(CONTEXT, 'secret')
  const bytes = Buffer.from(sealed.slice(2), 'base64url')
  bytes.writeUInt8(bytes.readUInt8(15) ^ 1, 15)

  expect(() => keys.open(CONTEXT, `1.${bytes.toString('base64url')}`)).toThrow()
  expect(() => keys.open(CONTEXT, sealed.slice(0, -4))).toThrow()
  expect(() => keys.open(CONTEXT, `2${sealed.slice(1)}`)).toThrow('unknown version')
  expect(() => keys.open(CONTEXT, '')).toThrow()
})

test('a MAC is bound to its purpose', () => {
  expect(keys.mac('signin-code', 'x')).toBe(keys.mac('signin-code', 'x'))
  expect(keys.mac('signin-code', 'x')).not.toBe(keys.mac('check-value', 'x'))
})

test('SECURITY: no key is derived from an empty or short secret', () => {
  const random = systemRandom(fakeClock())

  expect(() => keysFrom(Buffer.alloc(0), random)).toThrow('shorter than 32 bytes')
  expect(() => keysFrom(Buffer.alloc(31), random)).toThrow('shorter than 32 bytes')
})
