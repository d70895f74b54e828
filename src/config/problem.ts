import type { Origin } from './origin.ts'
import { visibleLine } from './source-line.ts'

/** One thing that is wrong, and what to write instead. Never holds a secret. */
export interface Problem {
  path?: string
  line?: number
  column?: number
  key: string
  message: string
  suggestion?: string
  /** The line as it stands in the file, unless a secret may be in it. */
  source?: string
}

/** Places the problem where its value was written. `sources` are the texts of the files, by path. */
export function problemAt(
  origin: Origin | undefined,
  problem: Problem,
  sources?: ReadonlyMap<string, string>,
): Problem {
  if (origin?.kind !== 'file' && origin?.kind !== 'dotenv') return problem
  const { path, line, column } = origin
  const text = sources?.get(path)
  const source = text === undefined ? undefined : visibleLine(text, line)
  return { ...problem, path, line, column, ...(source !== undefined && { source }) }
}

/**
 * For people, one problem after the other:
 *
 *     /etc/authd/config.toml:31:8  server.port: expected 1..65535, got 84200
 *       31 | port = 84200
 *                   ^
 */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(format).join('\n')
}

function format({ path, line, column, message, suggestion, source }: Problem): string {
  const place = [path, line, column].filter((part) => part !== undefined).join(':')
  const advice = suggestion ? `. ${suggestion}${suggestion.endsWith('?') ? '' : '.'}` : ''
  const head = `${place ? `${place}  ` : ''}${message}${advice}`
  if (source === undefined || line === undefined || column === undefined) return head
  const margin = `  ${line} | `
  // Tabs stay tabs, so that the caret stands where the terminal puts the character.
  const indent = source.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return `${head}\n${margin}${source}\n${' '.repeat(margin.length)}${indent}^`
}

/** The candidate that was probably meant: one that begins with it, or that differs in very few letters. */
export function closest(written: string, candidates: readonly string[]): string | undefined {
  const lowered = written.toLowerCase()
  const most = lowered.length <= 4 ? 1 : lowered.length <= 8 ? 2 : 3
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: editsBetween(lowered, candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((left, right) => left.edits - right.edits)
  if (best) return best.candidate
  return lowered.length < 3 ? undefined : candidates.find((candidate) => candidate.toLowerCase().startsWith(lowered))
}

/** Letters to add, drop, replace or swap with their neighbour (optimal string alignment). */
function editsBetween(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + same,
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return last[right.length] ?? 0
}
