import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'

export interface LogFile {
  path: string
  stream: Writable
  /** Goes on in the file that the path leads to now. Throws where it cannot be opened, and stays with the one it has. */
  reopen(): void
}

const MODE = 0o640
/** Never waits, not even for the reader of a pipe that somebody put there. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK

/**
 * Appends to a file, each line handed to the system before the next statement runs: neither a reopening nor an exit can
 * lose one. What the file does not take, as on a full disk, goes to `otherwise`.
 */
export function openLogFile(path: string, otherwise: Writable): LogFile {
  let fd = open(path)
  let isTorn = false
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      const bytes = isTorn ? Buffer.concat([Buffer.from('\n'), line]) : line
      const written = append(fd, bytes)
      if (written < bytes.length) otherwise.write(line)
      if (written > 0) isTorn = written < bytes.length
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
      isTorn = false
    },
  }
}

/** How many bytes the file took. */
function append(fd: number, bytes: Buffer): number {
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written)
  } catch {
    // A disk that is full: the caller has somewhere else.
  }
  return written
}

function open(path: string): number {
  const { fd, isNew } = openOrMake(path)
  if (fstatSync(fd).isFile()) {
    // The umask of a daemon is stricter; one who rotates with `create` says the mode itself.
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
    // A link whose target is not there yet counts as existing, and is made here.
    return { fd: openSync(path, APPEND | constants.O_CREAT, MODE), isNew: false }
  }
}
