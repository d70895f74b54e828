/** Control characters, line and paragraph separators, bidi controls, and halves of surrogate pairs. */
const UNPLAIN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u
const EACH_UNPLAIN = new RegExp(UNPLAIN, 'gu')
/** All of these except line breaks and tabs, for output that has lines and columns of its own. */
const EACH_UNPLAIN_IN_LINES = new RegExp(`(?![\\n\\t]|\\r\\n)${UNPLAIN.source}`, 'gu')
/** Also formats, private and unassigned characters. */
const EACH_UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/**
 * The first character, as `U+202E`, that breaks the line, acts on a terminal or changes the order of what is shown;
 * undefined: none. Text with one can forge what is shown beside it.
 */
export function unplainIn(text: string): string | undefined {
  return firstOf(UNPLAIN, text)
}

/** The first character that is not shown, as `U+200B`; undefined: none. */
export function unseenIn(text: string): string | undefined {
  return firstOf(/[\p{C}\p{Zl}\p{Zp}]/u, text)
}

/** For a form that is shown again: what its reader sees in the field. */
export function withoutUnseen(text: string): string {
  return text.replace(EACH_UNSEEN, '')
}

function firstOf(kind: RegExp, text: string): string | undefined {
  const [found] = kind.exec(text) ?? []
  return found && `U+${found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
}

/** Replaces every such character with a space. For text from outside that is stored or shown. */
export function plain(text: string): string {
  return text.replace(EACH_UNPLAIN, ' ')
}

/** The same for a text of several lines. */
export function plainLines(text: string): string {
  return text.replace(EACH_UNPLAIN_IN_LINES, ' ')
}

/** Shows everything that is not printable as the escape of JSON (RFC 8259 §7): JSON text keeps its value. */
export function escapeUnseen(text: string): string {
  return text.replace(EACH_UNSEEN, (unseen) =>
    Array.from(
      Buffer.from(unseen, 'utf16le').swap16().toString('hex').matchAll(/.{4}/g),
      ([unit]) => `\\u${unit}`,
    ).join(''),
  )
}

/** A text cut to a length, where a stranger may have sent any. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`
}

/** A value with each string and each key in it cut to a length. */
export function shortenedIn(value: unknown, most: number): unknown {
  if (typeof value === 'string') return shortened(value, most)
  if (Array.isArray(value)) return value.map((item) => shortenedIn(item, most))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [shortened(name, most), shortenedIn(inner, most)]),
  )
}

/** Whether a database can store the text: PostgreSQL rejects U+0000, and UTF-8 has no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
