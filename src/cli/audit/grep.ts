import { createContext, Script } from 'node:vm'
import { AuthdError } from '../../errors.ts'

/** Per batch of lines. A normal expression needs a few milliseconds. */
const TIMEOUT_MS = 2000

const TESTING = new Script('lines.map((line) => expression.test(line))')

/**
 * Tells which lines match. As in journalctl, an expression in lower case matches any case. It runs in a context with a
 * time limit, because some expressions never end.
 */
export function lineFilter(text: string): (lines: string[]) => boolean[] {
  const expression = parse(text)
  return (lines) => {
    try {
      return TESTING.runInContext(createContext({ expression, lines }), { timeout: TIMEOUT_MS }) as boolean[]
    } catch (error) {
      if (!isTimeout(error)) throw error
      throw new AuthdError('USAGE', {
        message: `--grep: "${text}" takes too long to compare. Do not put a repetition inside a repetition.`,
      })
    }
  }
}

function parse(text: string): RegExp {
  try {
    return new RegExp(text, /\p{Lu}/u.test(text.replace(/\\./g, '')) ? '' : 'i')
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*: /s, '') : ''
    throw new AuthdError('USAGE', { message: `--grep: "${text}" is not a regular expression: ${why}.` })
  }
}

/** The error comes from the context, which has its own Error class. */
function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}
