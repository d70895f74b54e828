import { AuthdError } from '../errors.ts'
import { StoreError } from '../store/db.ts'

/**
 * The error that a door shows for anything thrown: an AuthdError as it is, a database error by its kind, a bug as
 * INTERNAL_ERROR.
 */
export function toAuthdError(error: unknown): AuthdError {
  if (error instanceof AuthdError) return error
  if (error instanceof StoreError) {
    return new AuthdError(error.kind === 'busy' ? 'DATABASE_BUSY' : 'UNAVAILABLE', { cause: error, retryAfter: 1 })
  }
  return new AuthdError('INTERNAL_ERROR', { cause: error })
}
