import { AuthdError, type ErrorCode } from '../../errors.ts'
import { toOperatorError } from '../../flows/shown-error.ts'
import { hideTokens } from '../../platform/secret.ts'
import { writeCrashReport } from '../crash-reports.ts'
import { cleanJson, cleanLine, inLines, print } from './clean.ts'

const SHOWN = 20

/** The first of many faults or ids, and how many more there are. */
export function firstOf(texts: readonly string[]): string[] {
  const more = texts.length - SHOWN
  return [...texts.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])]
}

interface Failure {
  code: ErrorCode
  message: string
  /** Of a message with line breaks of authd's own. */
  lines?: readonly string[] | undefined
  details?: Record<string, unknown> | undefined
  suggestions: string[]
  exit: number
}

/** Does the work. An error that a flag would have prevented gets the command with that flag as its suggestion. */
export async function suggesting<Result>(
  command: string,
  isAbout: (error: AuthdError) => boolean,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthdError) || !isAbout(error)) throw error
    throw new AuthdError(error.code, { message: error.message, suggestions: [command] })
  }
}

/** Reports an error on stderr, as text or as JSON, and returns the exit code. stdout stays empty. */
export function reportError(thrown: unknown, isJson: boolean): number {
  const failure = explain(thrown)
  if (failure.exit === 70) failure.suggestions = [...failure.suggestions, ...howToReport(writeCrashReport(thrown))]
  const { code, message, lines, details, suggestions, exit } = failure
  if (isJson) {
    const error = { code, message, ...(details && { details }), suggestions, exit_code: exit, request_id: null }
    print(process.stderr, inLines([cleanJson({ error })]))
  } else {
    const [first = '', ...rest] = lines ?? [message]
    const shown = [`authd: ${first}`, ...rest, ...suggestions.map((text) => `Try: ${text}`)]
    print(process.stderr, inLines(shown.map((line) => cleanLine(line, process.stderr))))
  }
  return exit
}

function explain(thrown: unknown): Failure {
  const { code, message, lines, details, suggestions, exit, cause } = toOperatorError(thrown)
  if (exit !== 70) return { code, message, lines, details, suggestions, exit }
  const bug = cause ?? thrown
  const text = bug instanceof Error ? bug.message : String(bug)
  return { code, message: `This is a bug: ${hideTokens(text)}`, suggestions, exit }
}

/** If no crash report could be written, the message is all there is. */
function howToReport(path: string | undefined): string[] {
  return path === undefined
    ? ['authd support-bundle --output=-']
    : [`send ${path} with a report of what you did`, 'authd support-bundle']
}
