import { AuthdError } from '../errors.ts'
import { HashesBusy } from '../platform/secret.ts'
import { StoreError } from '../store/db.ts'

/**
 * The error that a door shows for anything thrown: an AuthdError as it is, a database error by its kind, too much
 * work as UNAVAILABLE, a bug as INTERNAL_ERROR.
 */
export function toAuthdError(error: unknown): AuthdError {
  if (error instanceof AuthdError) return error
  if (error instanceof StoreError) {
    return new AuthdError(error.kind === 'busy' ? 'DATABASE_BUSY' : 'UNAVAILABLE', { cause: error, retryAfter: 1 })
  }
  if (error instanceof HashesBusy) return new AuthdError('UNAVAILABLE', { cause: error, retryAfter: 1 })
  return new AuthdError('INTERNAL_ERROR', { cause: error })
}
