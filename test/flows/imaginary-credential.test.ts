import { expect, test } from 'vitest'
import { imaginaryCredentials, shownCredentials } from '../../src/flows/factors/imaginary-credential.ts'
import { keysFrom } from '../../src/platform/derived-keys.ts'
import { fakeClock, seededRandom } from '../support/fakes.ts'
import { TEST_SECRET } from '../support/harness.ts'

const KEYS = keysFrom(Buffer.from(TEST_SECRET), seededRandom(fakeClock(), 'keys'))
const ADDRESSES = Array.from({ length: 6000 }, (_, n) => `person.${n}@example${n % 7}.com`)
const ALL = ADDRESSES.map((email) => imaginaryCredentials(KEYS, email).map(({ id }) => Buffer.from(id, 'base64url')))

/** The share of each value, in percent. */
function shares(values: number[]): Record<number, number> {
  const groups = Map.groupBy(values, (value) => value)
  return Object.fromEntries([...groups].map(([value, all]) => [value, (all.length / values.length) * 100]))
}

/** Three standard deviations of a share among all these draws are below this, in percent. */
const WITHIN = 2

function near(expected: Record<number, number>) {
  return Object.fromEntries(
    Object.entries(expected).map(([value, share]) => [
      value,
      expect.toSatisfy((found: number) => Math.abs(found - share) < WITHIN, `about ${share} %`),
    ]),
  )
}

/** 0: any other length from 16 to 255. */
const REAL_LENGTHS: Record<number, number> = { 0: 4, 16: 33, 20: 27, 32: 25, 48: 5, 64: 6 }

test('over many addresses, as many have one, two or more as people with passkeys do', () => {
  expect(shares(ALL.map(({ length }) => length))).toEqual(near({ 1: 60, 2: 26, 3: 9, 4: 2, 5: 1, 6: 1, 7: 1 }))
})

test('the lengths are those of real authenticators, of the first and of all of them, whatever their number', () => {
  const lengths = (lists: Buffer[][]) => shares(lists.flat().map(({ length }) => (length in REAL_LENGTHS ? length : 0)))

  expect(lengths(ALL)).toEqual(near(REAL_LENGTHS))
  expect(lengths(ALL.map(([first]) => (first ? [first] : [])))).toEqual(near(REAL_LENGTHS))
})

test('the lengths of one address do not depend on each other', () => {
  const pairs = ALL.filter(({ length }) => length > 1)
  const equal = pairs.filter(([first, second]) => first?.length === second?.length)
  const expected = Object.values(REAL_LENGTHS).reduce((sum, share) => sum + (share / 100) ** 2, 0)

  expect(Math.abs(equal.length / pairs.length - expected)).toBeLessThan(0.04)
})

test('the ids are all different, and each of their bits is set as often as not', () => {
  const ids = ALL.flat()
  const least = Array.from({ length: 16 * 8 }, (_, bit) => {
    const set = ids.filter((id) => ((id[bit >> 3] ?? 0) >> (bit & 7)) & 1).length
    return Math.abs(set / ids.length - 0.5)
  })

  expect(new Set(ids.map((id) => id.toString('hex').slice(0, 32))).size).toBe(ids.length)
  expect(Math.max(...least)).toBeLessThan(0.025)
})

test('they are the same each time, and others under another key', () => {
  const other = keysFrom(Buffer.from('the server secret of another deployment'), seededRandom(fakeClock(), 'keys'))
  const ids = (keys: typeof KEYS) => ADDRESSES.slice(0, 50).map((email) => imaginaryCredentials(keys, email))

  expect(ids(KEYS)).toEqual(ids(KEYS))
  expect(ids(other).flat()).not.toEqual(expect.arrayContaining(ids(KEYS).flat().slice(0, 1)))
})

test('of real ones a stranger sees as many, and of lengths, as made-up ones have, the same each time', () => {
  const real = (bytes: number, n = 0) => Buffer.alloc(bytes, n).toString('base64url')
  const lengths = new Set(ALL.flat().map(({ length }) => length))
  const four = [real(16, 1), real(96, 2), real(255, 3), real(16, 4)]
  const many = Array.from({ length: 9 }, (_, n) => real(32, n))

  expect(shownCredentials(four)).toEqual(four.map((id) => ({ id })))
  expect(shownCredentials(many)).toEqual(many.slice(0, 7).map((id) => ({ id })))
  expect(shownCredentials([real(15), real(256)])).toEqual([])
  expect(Array.from({ length: 240 }, (_, n) => n + 16).filter((length) => !lengths.has(length)).length).toBeLessThan(60)
  expect([Math.min(...lengths), Math.max(...lengths) <= 255]).toEqual([16, true])
})
