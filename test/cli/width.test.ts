import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { clean, fitParts, fitTo, joinCells, layOut, wrap } from '../../src/cli/tui/width.ts'
import { fc } from '../support/property.ts'

/** Of any script, with control characters and words that need more than one line. */
const letters = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.lorem({ maxCount: 8 }))

const lettersOf = (text: string) => [...new Intl.Segmenter().segment(text)]

describe('text on the screen', () => {
  test.each([
    ['ada', 'ada  '],
    ['ada@example.com', 'ada@…'],
    ['日本語', '日本…'],
    ['日本語の', '日本…'],
    ['é́é́', 'é́é́   '],
    ['', '     '],
  ])('%j is cut or padded to exactly five cells', (text, expected) => {
    expect(fitTo(text, 5)).toBe(expected)
    expect(stringWidth(expected)).toBe(5)
  })

  test('escapes, bells, line breaks and direction marks are removed', () => {
    expect(clean('a\u001b[2Jb\u0007c\nd\u202ee\u200bf\u009bg\u2028h')).toBe('a [2Jb c d e f g h')
  })

  test('any text fills its space exactly', () => {
    fc.assert(
      fc.property(letters, fc.nat(40), (text, width) => {
        expect(stringWidth(fitTo(text, width))).toBe(width)
      }),
    )
  })

  test('any text is free of characters that act on a terminal', () => {
    fc.assert(
      fc.property(letters, (text) => {
        expect(clean(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }),
    )
  })

  test('a letter that is wider than the line is a line by itself', () => {
    const wide = '\u{1d158}\u{1d165}\u{1d16e}'

    expect(stringWidth(wide)).toBeGreaterThan(2)
    expect(wrap(`a ${wide}${wide}`, 2)).toEqual(['a', wide, wide])
  })

  test('any text is wrapped into lines that fit, without losing a letter', () => {
    fc.assert(
      fc.property(letters, fc.integer({ min: 2, max: 20 }), (text, width) => {
        const lines = wrap(text, width)

        expect(lines.filter((line) => stringWidth(line) > width && lettersOf(line).length > 1)).toEqual([])
        expect(lines.join('').replaceAll(' ', '')).toBe(clean(text).replaceAll(' ', ''))
      }),
    )
  })
})

describe('columns', () => {
  const columns = [
    { least: 8, share: 0 },
    { least: 10, share: 1 },
    { least: 10, share: 3 },
  ]

  test('share the remaining width, and the last ones are dropped if there is no room', () => {
    expect(layOut(columns, 72)).toEqual([8, 20, 40])
    expect(layOut(columns, 31)).toEqual([8, 21])
    expect(layOut(columns, 5)).toEqual([8])
  })

  test('are aligned, padded or cut', () => {
    expect(joinCells(['one', 'more than that', 'unseen'], [4, 6])).toBe('one   more …')
  })

  test('only whole figures are shown', () => {
    expect(fitParts(['38/s', 'p50 4 ms', '5xx 0'], 14)).toEqual(['38/s', 'p50 4 ms'])
  })
})
