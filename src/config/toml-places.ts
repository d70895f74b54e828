export interface TomlPosition {
  line: number
  column: number
}

export interface KeyPlace {
  key: TomlPosition
  /** Absent for a table. */
  value?: TomlPosition
}

/**
 * The position of each key in a TOML text, by dotted name. smol-toml returns values without positions, so the text is read
 * again. It must be valid: syntax errors are not detected here.
 */
export function placeKeys(source: string): ReadonlyMap<string, KeyPlace> {
  const places = new Map<string, KeyPlace>()
  let at = 0
  let table: string[] = []

  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const [skipped = ''] = pattern.exec(source) ?? []
    at += skipped.length
    return skipped
  }
  const skipBlank = () => skip(/(?:\s|#[^\n]*)*/y)
  const skipString = () => skip(/"""(?:[^\\]|\\.)*?"""+|'''.*?'''+|"(?:[^"\\]|\\.)*"|'[^']*'/sy)

  const record = (parts: string[], keyAt: number, valueAt?: number) => {
    for (let length = 1; length <= parts.length; length += 1) {
      const name = parts.slice(0, length).join('.')
      const isWhole = length === parts.length
      if (places.has(name) && !isWhole) continue
      places.set(name, {
        key: placeOf(source, keyAt),
        ...(isWhole && valueAt !== undefined && { value: placeOf(source, valueAt) }),
      })
    }
  }
  const readKey = (): string[] => {
    const parts: string[] = []
    do {
      skip(/[ \t]*/y)
      const part = skipString() || skip(/[A-Za-z0-9_-]*/y)
      parts.push(part.replace(/^["']|["']$/g, ''))
      skip(/[ \t]*/y)
    } while (skip(/\./y))
    return parts
  }
  const readPair = (prefix: string[]) => {
    const keyAt = at
    const parts = [...prefix, ...readKey()]
    skip(/=[ \t]*/y)
    record(parts, keyAt, at)
    readValue(parts)
  }
  const readItems = (end: string, readItem: () => void) => {
    at += 1
    for (skipBlank(); at < source.length && source[at] !== end; skipBlank()) {
      if (!skip(/,/y)) readItem()
    }
    at += 1
  }
  const readValue = (path: string[]) => {
    if (source[at] === '[') return readItems(']', () => readValue(path))
    if (source[at] === '{') return readItems('}', () => readPair(path))
    // The last pattern skips any character, so that an invalid text cannot cause an endless loop.
    return skipString() || skip(/[^,\]}\n#]+/y) || skip(/./sy)
  }

  for (skipBlank(); at < source.length; skipBlank()) {
    const keyAt = at
    if (!skip(/\[\[?/y)) {
      readPair(table)
      continue
    }
    table = readKey()
    record(table, keyAt)
    skip(/[^\n]*/y)
  }
  return places
}

function placeOf(source: string, offset: number): TomlPosition {
  const before = source.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
