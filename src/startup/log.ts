import { getSystemErrorMessage } from 'node:util'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { type LogFile, openLogFile } from '../platform/log-file.ts'

/** Where the log is a file, the file; what it cannot take goes where the log would be without it. */
export function openLog({ log: { file } }: Config, output: NodeJS.WriteStream): LogFile | undefined {
  if (file === undefined) return undefined
  try {
    return openLogFile(file, output)
  } catch (cause) {
    throw new AuthdError('CONFIG_INVALID', {
      message: `The log file ${file} cannot be opened: ${reasonOf(cause)}.`,
      suggestions: ['authd config reference log.file'],
      cause,
    })
  }
}

/** `permission denied`, of an error of the system's. */
function reasonOf(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined
  return typeof errno === 'number'
    ? getSystemErrorMessage(errno)
    : String(error instanceof Error ? error.message : error)
}
