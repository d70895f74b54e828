import { shell } from '../platform/shell.ts'

/** What oclif knows of a flag, as far as it says which words belong to it. */
interface Known {
  type: 'boolean' | 'option'
  char?: string | undefined
}

/** A flag to add to a command line: `--yes`, or `--confirm=all` with a value. */
export interface Added {
  flag: string
  value?: string | undefined
  /** Flags that are of no use beside it. */
  drops?: string[]
}

/** The command line that was typed, with one more flag in place of the same flag or of what it makes useless. */
export function commandAgain(
  id: string,
  { argv, flags }: { argv: string[]; flags: Record<string, Known> },
  { flag, value, drops = [] }: Added,
): string {
  const { parts, operands } = partsOf(argv, flags)
  const kept = parts.filter(({ name }) => name === undefined || ![flag, ...drops].includes(name))
  const added = value === undefined ? `--${flag}` : `--${flag}=${value}`
  return shell`authd ${[...id.split(' '), ...kept.flatMap(({ words }) => words), added, ...operands]}`
}

interface Part {
  /** Of the flag. Undefined for an argument. */
  name?: string | undefined
  words: string[]
}

/** A command line as oclif reads it: the word after a flag with a value is that value, even if it is `--`. */
function partsOf(argv: string[], flags: Record<string, Known>): { parts: Part[]; operands: string[] } {
  const parts: Part[] = []
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') return { parts, operands: [word, ...rest] }
    const name = nameOf(word, flags)
    const isShort = name !== undefined && !word.startsWith('--')
    if (name !== undefined && flags[name]?.type === 'option') {
      const hasOwnValue = isShort ? word.length > 2 : word.includes('=')
      parts.push({ name, words: hasOwnValue ? [word] : [word, ...rest.splice(0, 1)] })
    } else if (isShort && word.length > 2) {
      // `-yn` is `-y -n`.
      parts.push({ name, words: [word.slice(0, 2)] })
      rest.unshift(`-${word.slice(2)}`)
    } else {
      parts.push({ name, words: [word] })
    }
  }
  return { parts, operands: [] }
}

function nameOf(word: string, flags: Record<string, Known>): string | undefined {
  const [, long] = /^--([^=]*)/.exec(word) ?? []
  if (long !== undefined) return Object.hasOwn(flags, long) ? long : long.replace(/^no-/, '')
  if (!word.startsWith('-')) return undefined
  return Object.keys(flags).find((name) => flags[name]?.char === word[1])
}
