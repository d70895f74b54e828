import { plain } from './plain-text.ts'
import type { TextLine } from './text-lines.ts'

/** A record, with the line where it begins, or what is wrong there. */
export type CsvRecord = { line: number; cells: string[] } | { line: number; fault: string }

/** Of a cell that goes over several lines, in characters. */
const CELL_LENGTH = 1 << 20

/** A text that a spreadsheet would take for a formula. It is written with an apostrophe before it. */
const FORMULA = /^'*[=+\-@\t\r]/
const ESCAPED_FORMULA = /^''*[=+\-@\t\r]/

/**
 * A cell as RFC 4180 writes it. Values from outside cannot become formulas in a spreadsheet, also in one that separates cells
 * by semicolons or tabs.
 */
export function csvCell(text: string): string {
  const harmless = plain(FORMULA.test(text) ? `'${text}` : text)
  return /[",;\t]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** A record that may go on in the next line. */
interface Begun {
  line: number
  cells: string[]
  /** The text so far of a quoted cell that has not ended. */
  open: string | undefined
  fault: string | undefined
}

/**
 * Reads the records of a CSV file (RFC 4180), and undoes what `csvCell` adds. Empty lines are skipped. A line break in
 * quotes belongs to its cell, so that no cell can pretend to be a record.
 */
export async function* csvRecords(lines: AsyncIterable<TextLine>): AsyncGenerator<CsvRecord> {
  let begun: Begun | undefined
  for await (const read of lines) {
    if ('fault' in read && begun !== undefined) {
      // Whether the cell ends in that line is not known.
      yield { line: begun.line, fault: `${read.fault} The rest of the file was not read.` }
      return
    }
    if ('fault' in read) {
      yield read
      continue
    }
    if (begun === undefined && read.text.trim() === '') continue
    begun ??= { line: read.line, cells: [], open: undefined, fault: undefined }
    take(begun, read.text)
    if (begun.open !== undefined) continue
    const { line, cells, fault } = begun
    yield fault === undefined ? { line, cells } : { line, fault }
    begun = undefined
  }
  if (begun !== undefined) yield { line: begun.line, fault: 'A cell in quotes does not end. Close it with ".' }
}

const REST_OF_QUOTED = /(?:[^"]|"")*/y
const BARE = /[^,]*/y

/** Adds the cells of one line. */
function take(begun: Begun, text: string): void {
  let at = 0
  const next = (kind: RegExp): string => {
    kind.lastIndex = at
    const [found = ''] = kind.exec(text) ?? []
    at += found.length
    return found
  }
  const before = begun.open
  let isQuoted = before !== undefined
  let held = before === undefined ? '' : `${before}\n`
  begun.open = undefined
  for (;;) {
    if (!isQuoted && text[at] === '"') {
      at += 1
      isQuoted = true
    }
    if (isQuoted) {
      held += next(REST_OF_QUOTED).replaceAll('""', '"')
      if (held.length > CELL_LENGTH) {
        begun.fault = `A cell is longer than ${CELL_LENGTH} characters.`
        held = ''
      }
      if (at >= text.length) {
        begun.open = held
        return
      }
      at += 1
      if (next(BARE).trim() !== '') begun.fault ??= 'Text follows the end of a cell in quotes. Write "" for a quote.'
    } else {
      held = next(BARE).trim()
      if (held.includes('"')) begun.fault ??= 'A cell has a quote inside. Put the cell in quotes, and write "".'
    }
    begun.cells.push(ESCAPED_FORMULA.test(held) ? held.slice(1) : held)
    if (at >= text.length) return
    at += 1
    held = ''
    isQuoted = false
  }
}
