import { openSync } from 'node:fs'
import { AuthdError } from '../errors.ts'

/** Opens a new file that only its owner can read. Throws FILE_EXISTS, NO_PERMISSION. */
export function openNewFile(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    if (isThere) throw new AuthdError('FILE_EXISTS', { message: `${path} is there already. Name a new file.`, cause })
    throw new AuthdError('NO_PERMISSION', { message: `${path} cannot be written by this user.`, cause })
  }
}
