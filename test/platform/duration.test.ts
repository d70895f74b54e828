import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/platform/duration.ts'

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
