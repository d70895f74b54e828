import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { AuthdError } from '../../errors.ts'

/** The number that a file remembers; undefined where there is no file yet. Throws VALIDATION_ERROR where it is none. */
export function readCursor(path: string): number | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new AuthdError('NO_PERMISSION', { message: `${path} cannot be read by this user.`, cause })
  }
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new AuthdError('VALIDATION_ERROR', { message: `${path} holds no number of an event: is it another file?` })
}

/** The new number or the old one, never half of it. */
export function writeCursor(path: string, seq: number): void {
  try {
    writeFileSync(`${path}.new`, `${seq}\n`, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch (cause) {
    throw new AuthdError('NO_PERMISSION', { message: `${path} cannot be written by this user.`, cause })
  }
}
