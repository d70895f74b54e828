import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/platform/duration.ts'
import { fc } from '../support/property.ts'

test.each([
  ['0', 0],
  ['250ms', 250],
  ['30s', 30_000],
  ['10m', 600_000],
  ['36h', 129_600_000],
  ['4w', 2_419_200_000],
])('%s is %i ms, and is written so', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
  expect(formatDuration(ms)).toBe(text)
})

test.each(['', '10', '-1s', '1.5h', '1 h', '1H', '1y', 's', '1s1s', '9999999999s', '٣s'])(
  '"%s" is not a duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

test('every duration is read back as it was written', () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    }),
  )
})

test('any text is rejected, or a duration that is written and read back the same', () => {
  const almost = fc
    .tuple(fc.nat(999_999), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'w', 'y', ''))
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost), (text) => {
      const ms = parseDuration(text)
      fc.pre(ms !== undefined)
      expect(parseDuration(formatDuration(ms ?? 0))).toBe(ms)
    }),
  )
})
