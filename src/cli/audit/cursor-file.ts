import { readFileSync } from 'node:fs'
import { AuthdError } from '../../errors.ts'
import { unwritable } from '../../flows/shown-error.ts'
import { replaceFile } from '../../platform/files.ts'

/** Event number stored in a file; undefined if the file does not exist. Throws VALIDATION_ERROR for other content. */
export function readCursor(path: string): number | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new AuthdError('VALIDATION_ERROR', {
    message: `${path} does not hold an event number. Use a file written by --cursor.`,
  })
}

/** Throws VALIDATION_ERROR for a number that no event has yet, as after a restore that did not know the database before. */
export function refuseLostCursor(path: string, { at, newest }: { at: number; newest: number }): void {
  if (at <= newest) return
  throw new AuthdError('VALIDATION_ERROR', {
    message: `${path} stands at event ${at}, but the last event is ${newest}. The database was replaced, and its next events would be missed. Delete ${path} to begin anew.`,
  })
}

/** Replaces the file at once, so a reader gets the old number or the new one. */
export function writeCursor(path: string, seq: number): void {
  try {
    replaceFile(path, `${seq}\n`, { mode: 0o600 })
  } catch (cause) {
    throw unwritable(path, cause)
  }
}
