/** Control characters, line and paragraph separators, bidi controls, and halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu

/** Whether a text stays on its line and shows its characters in their order, so that it cannot forge another line. */
export function isPlain(text: string): boolean {
  return text.search(UNPRINTABLE) < 0
}

/** Replaces every character that is not plain. For text from outside that is kept or shown. */
export function plain(text: string): string {
  return text.replace(UNPRINTABLE, ' ')
}

/** Whether a database can keep the text: PostgreSQL has no U+0000, and UTF-8 no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
