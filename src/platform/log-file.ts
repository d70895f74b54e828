import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'
import { Writable } from 'node:stream'
import { lineWriter } from './log-output.ts'

export interface LogFile {
  path: string
  stream: Writable
  /**
   * Continues in the file that is at the path now. Throws if it cannot be opened, and keeps writing to the old file.
   */
  reopen(): void
}

const MODE = 0o640
/** O_NONBLOCK: opening a pipe must not wait for its reader. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK

/**
 * Appends to a file. Each line is written synchronously, so neither a reopening nor an exit loses one. Lines that cannot
 * be written, for example on a full disk, go to `otherwise`.
 */
export function openLogFile(path: string, otherwise: Writable): LogFile {
  let fd = open(path)
  let write = lineWriter(fd)
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      if (!write(line)) otherwise.write(line)
      done()
    },
  })
  return {
    path,
    stream,
    reopen() {
      const next = open(path)
      closeSync(fd)
      fd = next
      write = lineWriter(fd)
    },
  }
}

function open(path: string): number {
  const { fd, isNew } = openOrMake(path)
  if (fstatSync(fd).isFile()) {
    // The umask of a daemon is stricter. With `create`, logrotate sets the mode itself.
    if (isNew) fchmodSync(fd, MODE)
    return fd
  }
  closeSync(fd)
  throw new Error('it is not a regular file')
}

function openOrMake(path: string): { fd: number; isNew: boolean } {
  try {
    return { fd: openSync(path, APPEND | constants.O_CREAT | constants.O_EXCL, MODE), isNew: true }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    // A link to a missing file counts as existing. The file is created here.
    return { fd: openSync(path, APPEND | constants.O_CREAT, MODE), isNew: false }
  }
}
