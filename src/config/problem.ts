import { visibleLine } from './source-line.ts'
import type { ValueSource } from './value-source.ts'

/** One problem, and what to write instead. It never contains a secret. */
export interface Problem {
  path?: string
  line?: number
  column?: number
  key: string
  message: string
  suggestion?: string
  /** The line in the file, unless it may contain a secret. */
  source?: string
}

/** Adds the position where the value was written. `texts` are the contents of the files, by path. */
export function problemAt(
  from: ValueSource | undefined,
  problem: Problem,
  texts?: ReadonlyMap<string, string>,
): Problem {
  if (from?.kind !== 'file' && from?.kind !== 'dotenv') return problem
  const { path, line, column } = from
  const text = texts?.get(path)
  const source = text === undefined ? undefined : visibleLine(text, line)
  return { ...problem, path, line, column, ...(source !== undefined && { source }) }
}

/**
 * Formats problems for people:
 *
 *     /etc/authd/config.toml:31:8  server.port: expected 1..65535, got 84200
 *       31 | port = 84200
 *                   ^
 */
export function formatProblems(problems: readonly Problem[]): string[] {
  return problems.flatMap(format)
}

function format({ path, line, column, message, suggestion, source }: Problem): string[] {
  const place = [path, line, column].filter((part) => part !== undefined).join(':')
  const advice = suggestion ? `. ${suggestion}${suggestion.endsWith('?') ? '' : '.'}` : ''
  const head = `${place ? `${place}  ` : ''}${message}${advice}`
  if (source === undefined || line === undefined || column === undefined) return [head]
  const margin = `  ${line} | `
  // Keep tabs, so that the caret is below the character in the terminal.
  const indent = source.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return [head, `${margin}${source}`, `${' '.repeat(margin.length)}${indent}^`]
}
