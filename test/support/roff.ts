const CHARACTERS: Record<string, string> = { aq: "'", ga: '`', ha: '^', ti: '~', dq: '"' }

/** The sections of a man page by title, as a reader sees them, with single spaces. Throws for a request that it does not know. */
export function sectionsOf(page: string): Record<string, string> {
  const [, ...sections] = page.split(/^\.SH /m)
  return Object.fromEntries(
    sections.map((section) => {
      const [title = '', ...lines] = section.trimEnd().split('\n')
      return [title, lines.map(shown).join(' ').replace(/\s+/g, ' ').trim()]
    }),
  )
}

/** A line of roff as it is shown: groff(7). */
export function shown(line: string): string {
  if (/^\.(TP|PP|nf|fi)$/.test(line)) return ''
  if (line.startsWith('.SS ')) return shown(line.slice('.SS '.length))
  if (/^[.']/.test(line)) throw new Error(`unknown request: ${line}`)
  return line.replace(/\\(?:f[BIR]|\[u([0-9A-F]+)\]|\((..)|([-e&]))/g, (_, code, name, one) => {
    if (code) return String.fromCodePoint(Number.parseInt(code, 16))
    if (name) return CHARACTERS[name] ?? `unknown character ${name}`
    return { '-': '-', e: '\\', '&': '' }[one as string] ?? ''
  })
}
