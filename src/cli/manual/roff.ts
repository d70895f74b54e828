/** Characters that roff would read as its own, or print as another one: groff_char(7). A hyphen must stay a hyphen when copied. */
const SPECIAL: Record<string, string> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
}

/** No line of the source is longer, where a word allows it. */
const WIDTH = 78

/** A text as roff prints it, in ASCII. */
export function text(plain: string): string {
  return plain
    .replace(/[\\\-'`^~"]/g, (character) => SPECIAL[character] ?? character)
    .replace(
      /[^\x20-\x7e]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^\./gm, '\\&.')
}

export function bold(plain: string): string {
  return `\\fB${text(plain)}\\fR`
}

export function italic(plain: string): string {
  return `\\fI${text(plain)}\\fR`
}

/** A section with its lines; nothing without lines. */
export function heading(title: string, content: string[]): string[] {
  return content.length === 0 ? [] : [`.SH ${title}`, ...content]
}

/** A term with its meaning below it, indented. */
export function tagged(term: string, meaning: string[]): string[] {
  return ['.TP', term, ...meaning]
}

/** Sentences that roff fills, each on lines of its own. A line must not begin with a full stop, so each word is escaped alone. */
export function paragraph(plain: string): string[] {
  return plain.split(/(?<=\.)\s+/).flatMap((sentence) => {
    const folded = ['']
    for (const word of sentence.split(/\s+/).map(text)) {
      const last = folded.at(-1) ?? ''
      if (last === '') folded[folded.length - 1] = word
      else if (last.length + word.length < WIDTH) folded[folded.length - 1] = `${last} ${word}`
      else folded.push(word)
    }
    return folded.filter((line) => line !== '')
  })
}

/** Lines that stay as they are, such as command lines. */
export function verbatim(plain: readonly string[]): string[] {
  return plain.length === 0 ? [] : ['.nf', ...plain.map(text), '.fi']
}

export function lines(...all: string[]): string {
  return `${all.join('\n')}\n`
}
