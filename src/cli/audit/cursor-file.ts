import { readFileSync } from 'node:fs'
import { AuthdError } from '../../errors.ts'
import { replaceFile } from '../../platform/files.ts'

/** Event number stored in a file; undefined if the file does not exist. Throws VALIDATION_ERROR for other content. */
export function readCursor(path: string): number | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new AuthdError('NO_PERMISSION', { message: `${path} cannot be read by this user.`, cause })
  }
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new AuthdError('VALIDATION_ERROR', {
    message: `${path} does not hold an event number. Use a file written by --cursor.`,
  })
}

/** Replaces the file at once, so a reader gets the old number or the new one. */
export function writeCursor(path: string, seq: number): void {
  try {
    replaceFile(path, `${seq}\n`, { mode: 0o600 })
  } catch (cause) {
    throw new AuthdError('NO_PERMISSION', { message: `${path} cannot be written by this user.`, cause })
  }
}
