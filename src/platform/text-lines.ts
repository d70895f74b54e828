/** A line without its line break, or what is wrong with it. */
export type TextLine = { line: number; text: string } | { line: number; fault: string }

/** Of a line in bytes. A longer one is skipped, so that memory stays small. */
const LINE_BYTES = 1 << 20

const LINE_FEED = 0x0a

/**
 * The lines of a text that comes in parts, counted from 1, with LF or CR LF. A byte order mark at its start is skipped. A
 * line that is too long, not UTF-8, or has U+0000 is a fault, and the lines after it are still read.
 */
export async function* linesOf(parts: AsyncIterable<Uint8Array | string>): AsyncGenerator<TextLine> {
  let line = 1
  let held: Buffer[] = []
  let bytes = 0
  const take = (part: Buffer) => {
    bytes += part.length
    if (bytes > LINE_BYTES) held = []
    else held.push(part)
  }
  const finish = (): TextLine => {
    const read = bytes > LINE_BYTES ? undefined : Buffer.concat(held)
    const found = read ? decode(read, line) : { line, fault: `The line is longer than ${LINE_BYTES} bytes.` }
    held = []
    bytes = 0
    line += 1
    return found
  }
  for await (const part of parts) {
    let rest = Buffer.from(part)
    for (let at = rest.indexOf(LINE_FEED); at >= 0; at = rest.indexOf(LINE_FEED)) {
      take(rest.subarray(0, at))
      yield finish()
      rest = rest.subarray(at + 1)
    }
    take(rest)
  }
  if (bytes > 0) yield finish()
}

function decode(read: Buffer, line: number): TextLine {
  try {
    // Ignores a byte order mark only where it stands first.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: line > 1 }).decode(read).replace(/\r$/, '')
    if (text.includes('\0')) return { line, fault: 'Contains U+0000. Save the file as UTF-8.' }
    return { line, text }
  } catch {
    // The decoder throws at the first byte that is not UTF-8.
    return { line, fault: 'Not UTF-8. Save the file as UTF-8.' }
  }
}
