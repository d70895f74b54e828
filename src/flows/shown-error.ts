import { AuthdError, type ErrorCode } from '../errors.ts'
import { HashesBusy } from '../platform/slow-hash.ts'
import { systemReason, systemTrouble, type TroubleKind } from '../platform/system-error.ts'
import { StoreError } from '../store/db.ts'

/**
 * The error that a door shows for anything thrown: an AuthdError as it is, a database error by its kind, too much
 * work as UNAVAILABLE, a bug as INTERNAL_ERROR.
 */
export function toAuthdError(error: unknown): AuthdError {
  if (error instanceof AuthdError) return error
  if (error instanceof StoreError) return new AuthdError(...codeOf(error))
  if (error instanceof HashesBusy) return new AuthdError('UNAVAILABLE', { cause: error, retryAfter: 1 })
  return new AuthdError('INTERNAL_ERROR', { cause: error })
}

/** By what the operating system refused: the code, and what to do. */
const OF_SYSTEM: Record<TroubleKind, { code: ErrorCode; suggestions?: string[] }> = {
  missing: { code: 'NO_INPUT' },
  exists: { code: 'FILE_EXISTS' },
  denied: { code: 'NO_PERMISSION', suggestions: ['run the command with sudo'] },
  unwritten: { code: 'OUTPUT_FAILED' },
  unreachable: { code: 'UNAVAILABLE' },
}

/** Like toAuthdError, with what only operators may see: which server or file, why, and what to do. */
export function toOperatorError(error: unknown): AuthdError {
  if (error instanceof StoreError)
    return new AuthdError(toAuthdError(error).code, { message: error.message, cause: error })
  const trouble = systemTrouble(error)
  if (trouble === undefined) return toAuthdError(error)
  const { code, suggestions = [] } = OF_SYSTEM[trouble.kind]
  return new AuthdError(code, { message: `${trouble.message}.`, suggestions, cause: error })
}

/**
 * A file or folder that cannot be written: the reason of the operating system, and the exit code that it leads to.
 * `ifDenied`: what a user without the permission can do.
 */
export function unwritable(path: string, cause: unknown, ifDenied?: string[]): AuthdError {
  const kind = systemTrouble(cause)?.kind
  // What was missing is not an input.
  const { code, suggestions: usual } = OF_SYSTEM[kind === undefined || kind === 'missing' ? 'unwritten' : kind]
  const message = `${path} cannot be written: ${systemReason(cause)}.`
  return new AuthdError(code, {
    message,
    suggestions: (kind === 'denied' ? ifDenied : undefined) ?? usual ?? [],
    cause,
  })
}

function codeOf(error: StoreError): ConstructorParameters<typeof AuthdError> {
  if (error.kind === 'busy') return ['DATABASE_BUSY', { cause: error, retryAfter: 1 }]
  if (error.kind === 'unavailable') return ['UNAVAILABLE', { cause: error, retryAfter: 1 }]
  return ['UNAVAILABLE', { cause: error, message: UNKNOWN }]
}

const UNKNOWN =
  'The connection to the database broke at the end, so this may have been done or not. Check before you repeat it.'
