import { parse, TomlError, type TomlTable } from 'smol-toml'
import type { Problem } from './problem.ts'
import { visibleLine } from './source-line.ts'

export interface ConfigFile {
  path: string
  text: string
}

/** Parses the file. Returns its table, or the syntax error. */
export function parseToml({ path, text }: ConfigFile): { table: TomlTable } | { problem: Problem } {
  try {
    return { table: parse(text, { integersAsBigInt: 'asNeeded' }) }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    return { problem: syntaxProblem(path, text, error) }
  }
}

const ADVICE: [RegExp, string][] = [
  [/invalid value/, 'Put text in quotes: key = "text"'],
  [/redefine/, 'It is set twice. Keep one'],
  [/control characters/, 'Close the quotes on the same line'],
  [/unfinished string/, 'Close the quotes'],
  [/end-of-line/, 'Start each key on a new line'],
  [/escape sequence/, "Put text with backslashes in 'single quotes'"],
  [/in key/, 'Write key = value, or [section]'],
  [/comma or end of structure/, 'Separate with commas, and close the bracket'],
]

function syntaxProblem(path: string, text: string, { line, column, message }: TomlError): Problem {
  // The rest of the library's message shows lines of the file, which may contain secrets.
  const what = (message.split('\n')[0] ?? '').replace('Invalid TOML document: ', '')
  const key = keyAtLine(text, line)
  const suggestion = ADVICE.find(([pattern]) => pattern.test(what))?.[1]
  const source = visibleLine(text, line)
  // A line without a key may be part of a multi-line text, which may be a secret.
  const isShown = source !== undefined && /^\s*(\[|[\w.-]+\s*=)/.test(source)
  return {
    path,
    line,
    column,
    key,
    message: `${key ? `${key}: ` : ''}not valid TOML: ${what}`,
    ...(suggestion && { suggestion }),
    ...(isShown && { source }),
  }
}

function keyAtLine(text: string, line: number): string {
  const lines = text.split('\n').slice(0, line)
  const header = lines.findLast((one) => /^\s*\[/.test(one))
  const section = /\[\s*([\w.-]+)/.exec(header ?? '')?.[1]
  const name = /^\s*([\w.-]+)\s*=/.exec(lines.at(-1) ?? '')?.[1]
  return [section, name].filter((part) => part !== undefined).join('.')
}
