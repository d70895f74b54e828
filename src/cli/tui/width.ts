import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'

/** What moves the cursor, colours, hides or turns the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** A stranger's text as it may stand on a screen: nothing in it acts on the terminal. */
export function clean(text: string): string {
  return text.replace(UNSEEN, ' ')
}

/** Text of exactly `width` cells: padded with spaces or cut with an ellipsis. */
export function fitTo(text: string, width: number): string {
  const seen = cliTruncate(clean(text), width)
  return seen + ' '.repeat(Math.max(0, width - stringWidth(seen)))
}

export interface ColumnWidth {
  /** As wide as this at least, the header's width included. */
  least: number
  /** How much it takes of what is left over; 0: nothing. */
  share: number
}

const GAP = 2

/** Widths that fill the line; columns at the end are left out where even the least does not fit. */
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

/** As many whole parts, from the first on, as fit into the width. */
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

/** Lines no longer than the width; words stay whole where they can. */
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
      const head = cliTruncate(rest, width, { truncationCharacter: '' })
      lines.push(head)
      rest = rest.slice(head.length)
    }
    line = rest
  }
  return [...lines, line]
}
