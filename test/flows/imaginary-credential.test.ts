import { expect, test } from 'vitest'
import { imaginaryCredentials } from '../../src/flows/factors/imaginary-credential.ts'
import { keysFrom } from '../../src/platform/keys.ts'
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

const REAL_LENGTHS = { 16: 34, 20: 28, 32: 26, 48: 5, 64: 7 }

test('over many addresses, as many have one, two or three as people with passkeys do', () => {
  expect(shares(ALL.map(({ length }) => length))).toEqual(near({ 1: 62, 2: 27, 3: 11 }))
})

test('the lengths are those of real authenticators, of the first and of all of them, whatever their number', () => {
  const lengths = (lists: Buffer[][]) => shares(lists.flat().map(({ length }) => length))

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
