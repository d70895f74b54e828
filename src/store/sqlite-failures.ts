import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from './db.ts'

const SQLITE_BUSY = 5
const UNKNOWN = 'it could not be written'
/** Failures that are not the statement's fault. */
const SQLITE_TROUBLE: Record<number, string> = {
  3: 'this user may not use the file',
  7: 'the machine has no memory left',
  8: 'the database file is read-only',
  10: 'the disk reports errors',
  11: 'the database file is damaged',
  13: 'the disk is full',
  14: 'the database file cannot be opened',
  15: 'the file system does not lock files',
  22: 'the file system cannot hold large files',
  26: 'the file is not an SQLite database',
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === SQLITE_BUSY
}

/** Returns a StoreError if the failure is not the statement's fault, and otherwise the error itself. */
export function explain(error: unknown, path: string): unknown {
  if (isBusy(error)) return new StoreError('busy', 'Another process is writing to the database. Try again.', error)
  const reason = SQLITE_TROUBLE[primaryCode(error)]
  // The connection was closed under a read: others have found it broken, and opened another.
  const isClosed = error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE'
  return reason === undefined && !isClosed ? error : outage(error, path)
}

/** Says why the database cannot be used, and how much room its folder has. */
export function outage(cause: unknown, path: string): StoreError {
  const reason = SQLITE_TROUBLE[primaryCode(cause)] ?? UNKNOWN
  const message = `The database cannot be used: ${reason} (${roomFor(path)}).`
  return new StoreError('unavailable', message, cause, reason)
}

function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
}

function roomFor(path: string): string {
  const folder = dirname(path)
  try {
    const { bavail, bsize } = statfsSync(folder)
    return `${folder} has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`
  } catch {
    return `${folder} cannot be read`
  }
}
