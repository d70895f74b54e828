import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import { getSystemErrorMessage } from 'node:util'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { type LogFile, openLogFile } from '../platform/log-file.ts'

/** With log.format `auto`, the log is for people on a terminal and in development mode, and for programs elsewhere. */
export function isLogForPeople(
  { log: { format } }: Config,
  { isTerminal, isDevelopment }: { isTerminal: boolean; isDevelopment: boolean },
): boolean {
  return format === 'pretty' || (format === 'auto' && (isTerminal || isDevelopment))
}

/** In a file, `auto` means JSON. */
export function logFormat({ log: { file, format } }: Config, isForPeople: boolean): 'pretty' | 'json' {
  return isForPeople && (file === undefined || format === 'pretty') ? 'pretty' : 'json'
}

/** Opens the log file if log.file is set. Lines that cannot be written to it go to `output`. */
export function openLog({ log: { file } }: Config, output: Writable): LogFile | undefined {
  if (file === undefined) return undefined
  try {
    return openLogFile(file, output)
  } catch (cause) {
    throw cannotOpen(file, cause)
  }
}

/** The error that openLog would throw, found without creating the file. */
export function logFileFault(path: string): AuthdError | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && !found.isFile()) throw new Error('it is not a regular file')
    accessSync(found ? path : dirname(path), constants.W_OK)
    return undefined
  } catch (cause) {
    return cannotOpen(path, cause)
  }
}

function cannotOpen(path: string, cause: unknown): AuthdError {
  return new AuthdError('CONFIG_INVALID', {
    message: `The log file ${path} cannot be opened: ${reasonOf(cause)}.`,
    suggestions: ['authd config reference log.file'],
    cause,
  })
}

/** Returns the text of a system error, such as `permission denied`. */
function reasonOf(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined
  return typeof errno === 'number'
    ? getSystemErrorMessage(errno)
    : String(error instanceof Error ? error.message : error)
}
