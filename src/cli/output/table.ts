import { stripVTControlCharacters } from 'node:util'

const GAP = 2
/** A column is not cut below this: it would say nothing any more. */
const NARROWEST = 8

/** Aligned columns within the terminal's width; the widest are cut first, with an ellipsis. */
export function renderTable(headers: string[], rows: string[][], width: number): string[] {
  if (rows.length === 0) return []
  const widths = headers.map((header, index) =>
    Math.max(...[header, ...rows.map((row) => row[index] ?? '')].map(lengthOf)),
  )
  while (widths.reduce((sum, each) => sum + each + GAP, -GAP) > width) {
    const widest = widths.indexOf(Math.max(...widths))
    const current = widths[widest] ?? 0
    if (current <= NARROWEST) break
    widths[widest] = current - 1
  }
  return [headers, ...rows].map((cells) =>
    cells
      .map((cell, index) => padTo(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** `name  value` lines, aligned. */
export function renderCard(entries: [string, string | null | undefined][]): string[] {
  const shown = entries.filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

function padTo(cell: string, width: number): string {
  const length = lengthOf(cell)
  return length > width ? `${[...cell].slice(0, width - 1).join('')}…` : cell + ' '.repeat(width - length)
}

function lengthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length
}
