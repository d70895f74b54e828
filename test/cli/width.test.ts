import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { clean, fitParts, fitTo, joinCells, layOut, wrap } from '../../src/cli/tui/width.ts'

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

  test('a long word is broken, and no line is wider than the space', () => {
    const lines = wrap('see 日本語日本語 and ses_01m88jw08vedqtrgrr9eqkmg57', 8)

    expect(lines.every((line) => stringWidth(line) <= 8)).toBe(true)
    expect(lines.join('').replaceAll(' ', '')).toBe('see日本語日本語andses_01m88jw08vedqtrgrr9eqkmg57')
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
