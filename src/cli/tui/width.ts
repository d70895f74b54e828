import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'

/** Characters that move the cursor, colour or hide text, or change its direction. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** Replaces every character that acts on the terminal. Text from outside may contain some. */
export function clean(text: string): string {
  return text.replace(UNSEEN, ' ')
}

/** Text of exactly `width` cells: padded with spaces or cut with an ellipsis. */
export function fitTo(text: string, width: number): string {
  const seen = cliTruncate(clean(text), width)
  return seen + ' '.repeat(Math.max(0, width - stringWidth(seen)))
}

export interface ColumnWidth {
  /** Minimum width, with the header. */
  least: number
  /** Its share of the remaining width, or 0. */
  share: number
}

const GAP = 2

/** Widths that fill the line. Columns at the end are dropped if the minimum widths do not fit. */
export function layOut(columns: readonly ColumnWidth[], width: number): number[] {
  const shown: ColumnWidth[] = []
  let used = 0
  for (const column of columns) {
    const next = used + (shown.length > 0 ? GAP : 0) + column.least
    if (next > width && shown.length > 0) break
    shown.push(column)
    used = next
  }
  const shares = shown.reduce((sum, { share }) => sum + share, 0)
  const spare = Math.max(0, width - used)
  return shown.map(({ least, share }) => least + (shares === 0 ? 0 : Math.floor((spare * share) / shares)))
}

/** Cells side by side, in the widths that layOut gave. */
export function joinCells(cells: readonly string[], widths: readonly number[]): string {
  return widths.map((width, index) => fitTo(cells[index] ?? '', width)).join(' '.repeat(GAP))
}

/** The first parts that fit into the width as a whole. */
export function fitParts(parts: readonly string[], width: number): string[] {
  const shown: string[] = []
  let used = 0
  for (const part of parts) {
    used += (shown.length > 0 ? GAP : 0) + stringWidth(part)
    if (used > width) break
    shown.push(part)
  }
  return shown
}

/** Breaks a text into lines. Only a word longer than the width is split. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of clean(text).split(' ')) {
    let rest = word
    if (line !== '' && stringWidth(line) + 1 + stringWidth(rest) <= width) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    while (stringWidth(rest) > width && width > 1) {
      // A letter that is wider than the line cannot be cut, so it is a line by itself.
      const head = cliTruncate(rest, width, { truncationCharacter: '' }) || firstLetter(rest)
      lines.push(head)
      rest = rest.slice(head.length)
    }
    line = rest
  }
  if (line !== '' || lines.length === 0) lines.push(line)
  return lines
}

const LETTERS = new Intl.Segmenter()

function firstLetter(text: string): string {
  const [first] = LETTERS.segment(text)
  return first?.segment ?? text
}
