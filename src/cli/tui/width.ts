/** Two cells wide in a terminal: East Asian wide and full-width blocks, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const NO_WIDTH = /\p{Mn}|\p{Me}/u
/** What moves the cursor, colours, hides or turns the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** A stranger's text as it may stand on a screen: nothing in it acts on the terminal. */
export function clean(text: string): string {
  return text.replace(UNSEEN, ' ')
}

/** In cells of a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const letter of text) width += NO_WIDTH.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1
  return width
}

/** As many letters, from the first on, as fit. */
function headOf(text: string, width: number): string {
  let head = ''
  let used = 0
  for (const letter of text) {
    used += widthOf(letter)
    if (used > width) break
    head += letter
  }
  return head
}

/** Text of exactly `width` cells: padded with spaces or cut with an ellipsis. */
export function fitTo(text: string, width: number): string {
  const seen = clean(text)
  if (widthOf(seen) <= width) return seen + ' '.repeat(width - widthOf(seen))
  if (width <= 0) return ''
  const head = headOf(seen, width - 1)
  return `${head}…${' '.repeat(width - 1 - widthOf(head))}`
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
    used += (shown.length > 0 ? GAP : 0) + widthOf(part)
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
    if (line !== '' && widthOf(line) + 1 + widthOf(rest) <= width) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    while (widthOf(rest) > width && width > 1) {
      const head = headOf(rest, width)
      lines.push(head)
      rest = rest.slice(head.length)
    }
    line = rest
  }
  return [...lines, line]
}
