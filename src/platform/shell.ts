/**
 * A command line to show. The text stays as it is; a value becomes one word, and a list one word for each item:
 * `` shell`authd users show ${email}` ``. Values come from outside, so they are quoted for a POSIX shell: a pasted line
 * runs only what the text says. A value that begins with a dash is not a flag, so it goes to the end, behind `--`, or
 * behind the `=` of the flag that it belongs to.
 */
export function shell(texts: TemplateStringsArray, ...values: (string | readonly string[])[]): string {
  const last: string[] = []
  const line = texts.map((text, index) => {
    const value = values[index]
    if (value === undefined) return text
    if (typeof value !== 'string') return value.length === 0 ? text.trimEnd() : text + value.map(quoted).join(' ')
    const isDashed = value.startsWith('-')
    if (/--[a-z-]+ $/.test(text)) return `${isDashed ? text.replace(/ $/, '=') : text}${quoted(value)}`
    if (!text.endsWith(' ') || (last.length === 0 && !isDashed)) return text + quoted(value)
    last.push(quoted(value))
    return text.trimEnd()
  })
  return [line.join(''), ...(last.length > 0 ? ['--', ...last] : [])].join(' ')
}

/** In `--flag=value`, only the value is quoted, as people write it. */
function quoted(word: string): string {
  const [, flag = '', value = word] = /^(--[a-z][a-z-]*=)(.*)$/s.exec(word) ?? []
  // zsh replaces a word that begins with = by the path of a program.
  const isPlain = /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(value)
  return isPlain ? word : `${flag}'${value.replaceAll("'", `'\\''`)}'`
}
