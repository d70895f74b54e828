/** Help is read on terminals of 80 columns, and in pipes. */
const WIDTH = 80
/** Beyond it, a text stands below its name. */
const NAME_WIDTH = 30

/** A paragraph in lines that fit. */
export function paragraph(text: string): string {
  return wrapped(text, WIDTH).join('\n')
}

/** Names with their texts beside them. */
export function entries(items: readonly (readonly [string, string])[]): string {
  const width = Math.max(...items.map(([name]) => name.length).filter((length) => length <= NAME_WIDTH), 0)
  const indent = ' '.repeat(width + 4)
  return items
    .flatMap(([name, text]) => {
      const lines = wrapped(text, WIDTH - indent.length)
      if (name.length > width) return [`  ${name}`, ...lines.map((line) => indent + line)]
      const [first = '', ...more] = lines
      return [`  ${name.padEnd(width)}  ${first}`, ...more.map((line) => indent + line)]
    })
    .map((line) => line.trimEnd())
    .join('\n')
}

/** A command line that a shell reads the same in several lines. */
export function commandLine(command: string): string {
  const words = command.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  return fill(words, WIDTH - '   \\'.length - 2)
    .map((line) => `  ${line}`)
    .join(' \\\n  ')
}

function wrapped(text: string, width: number): string[] {
  return fill(text.split(' '), width)
}

function fill(words: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
