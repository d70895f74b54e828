import { AuthdError } from '../../errors.ts'
import { systemReason } from '../../platform/system-error.ts'
import { reportError } from './report.ts'

/** `| head` closes the pipe, and that is not an error. A full disk is. */
export function endWithoutOutput(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : reportError(outputFailed(error), false))
}

/** A stream that is a file throws. */
export function isOutputError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

export function outputFailed(error: NodeJS.ErrnoException): AuthdError {
  const message = `The output could not be written: ${systemReason(error)}.`
  return new AuthdError('OUTPUT_FAILED', { message, cause: error })
}
