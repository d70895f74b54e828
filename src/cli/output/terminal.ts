// Only a command on a terminal loads this file, because measuring text is slow to load.
import { spawnSync } from 'node:child_process'
import stringWidth from 'string-width'
import { fitTo } from '../tui/width.ts'
import type { Clean } from './clean.ts'
import type { Column } from './column.ts'

const GAP = 2
/** A column is never narrower than this, because shorter values cannot be told apart. */
const NARROWEST = 8

/** Text is cut to no less than this while there is a column that can be left out. */
const LEAST_TEXT = 20

/** A table of the columns that fit side by side. Those that can be spared go before a value is cut. */
export function renderFitting<Row>(
  columns: readonly Column<Row>[],
  rows: readonly string[][],
  width: number,
): { lines: string[]; leftOut: string[] } {
  const needs = columns.map(({ header, isText }, index) => {
    const widest = Math.max(...[header, ...rows.map((row) => row[index] ?? '')].map((text) => stringWidth(text)))
    return isText ? Math.min(widest, LEAST_TEXT) : widest
  })
  const spares = columns.flatMap(({ spare = 0 }, index) => (spare > 0 ? [{ spare, index }] : []))
  const left = new Set<number>()
  const total = () => needs.reduce((sum, need, index) => (left.has(index) ? sum : sum + need + GAP), -GAP)
  for (const { index } of spares.toSorted((one, other) => one.spare - other.spare)) {
    if (total() > width) left.add(index)
  }
  const fitting = <Value>(values: readonly Value[]) => values.filter((_, index) => !left.has(index))
  const headers = columns.map(({ header }) => header)
  return {
    lines: renderTable(fitting(headers), rows.map(fitting), width),
    leftOut: headers.filter((_, index) => left.has(index)),
  }
}

/** Aligned columns within the terminal's width. The widest are cut first, with an ellipsis. */
export function renderTable(headers: string[], rows: string[][], width: number): string[] {
  if (rows.length === 0) return []
  const widths = headers.map((header, index) =>
    Math.max(...[header, ...rows.map((row) => row[index] ?? '')].map((text) => stringWidth(text))),
  )
  while (widths.reduce((sum, each) => sum + each + GAP, -GAP) > width) {
    const widest = widths.indexOf(Math.max(...widths))
    const current = widths[widest] ?? 0
    if (current <= NARROWEST) break
    widths[widest] = current - 1
  }
  return [headers, ...rows].map((cells) =>
    cells
      .map((cell, index) => fitTo(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Shows a text longer than the terminal through `AUTHD_PAGER`, `PAGER` or less. Returns false if nothing was shown. */
export function showPaged(text: Clean, { rows, columns }: { rows: number; columns: number }): boolean {
  const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0)
  // A terminal that does not tell its size cannot be too small.
  if (!rows || lines <= rows) return false
  const pager = process.env['AUTHD_PAGER'] || process.env['PAGER'] || 'less -FIRX'
  const { status, error } = spawnSync('sh', ['-c', pager], { input: text, stdio: ['pipe', 'inherit', 'inherit'] })
  return error === undefined && status !== 127
}
