import { expect, test } from 'vitest'
import { CLOCK_SKEW_MS, DAY, HOUR, isAhead, isInForce, isWithin, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { type ClockReadings, clockWatch } from '../../src/platform/clock-watch.ts'

const NOW = Date.UTC(2026, 10, 25, 12)

test.each([
  ['now', NOW, true],
  ['a minute ago', NOW - MINUTE, true],
  ['longer ago', NOW - MINUTE - 1, false],
  ['by a clock that is a little ahead', NOW + CLOCK_SKEW_MS, true],
  ['further in the future', NOW + CLOCK_SKEW_MS + 1, false],
  ['never', Number.NEGATIVE_INFINITY, false],
])('what happened %s was within the last minute: %s → %s', (_, since, isRecent) => {
  expect(isWithin(NOW, since, MINUTE)).toBe(isRecent)
})

test.each([
  ['ends now', NOW, false],
  ['ends in a moment', NOW + 1, true],
  ['was begun by a clock that is a little ahead', NOW + MINUTE + CLOCK_SKEW_MS, true],
  ['ends later than any can', NOW + MINUTE + CLOCK_SKEW_MS + 1, false],
])('a wait of a minute that %s: %s → %s', (_, until, isOn) => {
  expect(isAhead(NOW, until, MINUTE)).toBe(isOn)
})

test.each([
  ['has begun and not ended', NOW - HOUR, NOW + HOUR, true],
  ['has ended', NOW - HOUR, NOW, false],
  ['begins tomorrow', NOW + DAY, NOW + DAY + HOUR, false],
])('what %s is in force: %s to %s → %s', (_, since, until, isOn) => {
  expect(isInForce(NOW, since, until)).toBe(isOn)
})

test('a step of the clock is told once, by how much, and slewing is not told', () => {
  const readings: ClockReadings = { wallMs: NOW, steadyMs: 0 }
  const look = clockWatch(() => ({ ...readings }))
  const pass = (wallMs: number, steadyMs: number) => {
    readings.wallMs += wallMs
    readings.steadyMs += steadyMs
    return look()
  }

  const steps = [
    pass(SECOND, SECOND),
    pass(SECOND - DAY, SECOND),
    pass(SECOND, SECOND),
    pass(HOUR + SECOND, SECOND),
    // An hour of slewing, in one look that came late.
    pass(HOUR + 900, HOUR),
    pass(SECOND, SECOND),
  ]

  expect(steps).toEqual([0, -DAY, 0, HOUR, 0, 0])
})
