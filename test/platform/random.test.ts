import { expect, test } from 'vitest'
import { mintLongCode, mintRecoveryCode, mintShortCode, normalizeCode } from '../../src/platform/codes.ts'
import { firstId, systemRandom } from '../../src/platform/random.ts'
import { mintSecret, parseToken } from '../../src/platform/secret.ts'
import { fakeClock } from '../support/fakes.ts'
import { fc } from '../support/property.ts'

test('ids increase within a millisecond, across milliseconds, and when the clock goes back', () => {
  const clock = fakeClock()
  const random = systemRandom(clock)

  const ids = []
  for (let round = 0; round < 10_000; round += 1) {
    ids.push(random.id('usr'))
    if (round % 1000 === 999) clock.advance(round % 2000 === 999 ? 5 : -3_600_000)
  }

  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('an id carries its time and 62 random bits', () => {
  const clock = fakeClock()

  const ids = Array.from({ length: 1000 }, () => systemRandom(clock).id('usr'))

  expect(ids.every((id) => /^usr_[0-9a-hjkmnp-tv-z]{26}$/.test(id))).toBe(true)
  expect(new Set(ids.map((id) => id.slice(4, 13))).size).toBe(1)
  expect(new Set(ids.map((id) => id.slice(-12))).size).toBe(1000)
})

test('secrets have 256 bits, short codes six equally likely digits, long codes 60 bits in groups', () => {
  const random = systemRandom(fakeClock())

  const codes = Array.from({ length: 20_000 }, () => mintShortCode(random))
  const firstDigits = Map.groupBy(codes, (code) => code[0])

  expect(Buffer.from(mintSecret(random), 'base64url')).toHaveLength(32)
  expect(codes.every((code) => /^\d{6}$/.test(code))).toBe(true)
  expect([...firstDigits.values()].every(({ length }) => length > 1700 && length < 2300)).toBe(true)
  expect(mintLongCode(random)).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$/)
})

test.each([
  ['123 456', '123456'],
  ['7k2m-9qxc-oIlt', '7K2M9QXC011T'],
  [' 12\t34-56 ', '123456'],
  ['１２３４５６', '123456'],
  ['\u200e123\u2011456\ufeff', '123456'],
  ['“123–456”', '123456'],
  ["'123.456'", '123456'],
  ['\u00a0123\u202f456\u200b', '123456'],
  ['١٢٣۴۵۶', '123456'],
  ['१२३४५६', '123456'],
  ['𝟏𝟐𝟑𝟺𝟻𝟼', '123456'],
  ['７ｋ２ｍ－９ｑｘｃ', '7K2M9QXC'],
])('a code typed as "%s" is %s', (typed, normal) => {
  expect(normalizeCode(typed)).toBe(normal)
})

test('a code is one code however it was typed, and another code stays another', () => {
  const random = systemRandom(fakeClock())
  const around = fc.array(fc.constantFrom(' ', '-', '–', '\u00a0', '\u200b', '\ufeff', '"', '’', '.', '\t'), {
    maxLength: 3,
  })
  const zeros = fc.constantFrom('0', '٠', '०', '０', '๐')
  const change = (character: string, zero: string) =>
    /\d/.test(character)
      ? String.fromCodePoint((zero.codePointAt(0) ?? 0) + Number(character))
      : character.toLowerCase()
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.tuple(around, zeros), { minLength: 30, maxLength: 30 }), (isLong, typing) => {
      const code = isLong ? mintRecoveryCode(random) : mintShortCode(random)
      const typed = Array.from(code, (character, index) => {
        const [before = [], zero = '0'] = typing[index] ?? []
        return before.join('') + change(character, zero)
      }).join('')
      expect(normalizeCode(typed)).toBe(normalizeCode(code))
      expect(normalizeCode(code)).toBe(code.replaceAll('-', ''))
    }),
  )
})

const ID = `att_${'0'.repeat(26)}`
const SECRET = 'A'.repeat(43)

test.each([
  `ses_${'0'.repeat(26)}.${SECRET}`,
  `${ID}.${SECRET}x`,
  `${ID}.${SECRET.slice(1)}`,
  `${ID}.${SECRET}\n`,
  `${ID}${SECRET}`,
  `${ID}.${SECRET.slice(1)}=`,
  `${ID.toUpperCase()}.${SECRET}`,
  ` ${ID}.${SECRET}`,
  '',
])('"%s" is not an attempt token', (text) => {
  expect(parseToken('att', text)).toBeUndefined()
  expect(parseToken('att', `${ID}.${SECRET}`)).toEqual({ id: ID, secret: SECRET })
})

test('the earliest id of a time sorts before all later ids and after all older ones', () => {
  const clock = fakeClock()
  const older = systemRandom(clock).id('evt')
  clock.advance(1)
  const from = clock.now()

  const earliest = firstId('evt', from)

  expect(older < earliest && earliest <= systemRandom(clock).id('evt')).toBe(true)
})

test('SECURITY: a thousand secrets of one process differ, and none repeats a part of another', () => {
  const random = systemRandom(fakeClock())

  const secrets = Array.from({ length: 1000 }, () => mintSecret(random))
  const quarters = secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret, 'base64url')
    return [0, 8, 16, 24].map((at) => bytes.toString('hex', at, at + 8))
  })

  expect(new Set(secrets).size).toBe(1000)
  expect(new Set(quarters).size).toBe(4000)
})

test.each([1, 31, 4096, 8192, 8193, 20_000])('%i random bytes are as many as asked for, and differ', (length) => {
  const random = systemRandom(fakeClock())

  const drawn = [random.bytes(length), random.bytes(length), random.bytes(length), random.bytes(length)]

  expect(drawn.map((bytes) => bytes.length)).toEqual([length, length, length, length])
  expect(new Set(drawn.map((bytes) => bytes.toString('hex'))).size).toBeGreaterThan(length === 1 ? 0 : 3)
  expect(drawn.some((bytes) => length > 1 && bytes.every((byte) => byte === 0))).toBe(false)
})

test('random bytes are as many as asked for, wherever the pool ends', () => {
  const random = systemRandom(fakeClock())

  const lengths = Array.from({ length: 1000 }, (_, at) => (at * 7) % 61)

  expect(lengths.map((length) => random.bytes(length).length)).toEqual(lengths)
})
