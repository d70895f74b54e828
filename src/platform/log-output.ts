import { fstatSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { isatty } from 'node:tty'

/** The most that waits for a reader that does not read, in bytes. Later lines are lost. */
const MOST_WAITING = 1024 * 1024

export interface LossListener {
  /** Called for each line that could not be written. */
  lost(): void
  /** Called after the first line that was written again, with the number of lost lines. */
  resumed(count: number): void
}

/**
 * Writes lines to a stream such as standard output, whatever happens to it: a full disk, a closed terminal, a reader
 * that stands still. What cannot be written is lost and counted. It never fails, and memory stays bounded.
 */
export function lossyOutput(stream: Writable, listener: LossListener): Writable {
  const fd = 'fd' in stream && typeof stream.fd === 'number' ? stream.fd : undefined
  // Node gives up such a stream at its first error. The next line may find room again.
  const isWrittenAtOnce = fd !== undefined && isFile(fd)
  const write = isWrittenAtOnce ? lineWriter(fd) : lineQueue(stream)
  let lost = 0
  const output = new Writable({
    write(line: Buffer, _encoding, done) {
      // A flush waits until everything before it has been read.
      if (line.length === 0) return isWrittenAtOnce ? done() : void stream.write('', () => done())
      if (!write(line)) {
        lost += 1
        listener.lost()
      } else if (lost > 0) {
        const count = lost
        lost = 0
        listener.resumed(count)
      }
      done()
    },
  })
  return fd === undefined ? output : Object.assign(output, { fd })
}

/** A file, or a device such as /dev/full. */
function isFile(fd: number): boolean {
  try {
    const stat = fstatSync(fd)
    return stat.isFile() || (stat.isCharacterDevice() && !isatty(fd))
  } catch {
    return false
  }
}

/**
 * Writes whole lines to a file, synchronously, so that no exit loses one. Returns false for a line that could not be
 * written; after one that was cut off, the next begins on a line of its own.
 */
export function lineWriter(fd: number): (line: Buffer) => boolean {
  let isTorn = false
  return (line) => {
    const bytes = isTorn ? Buffer.concat([Buffer.from('\n'), line]) : line
    const written = append(fd, bytes)
    if (written > 0) isTorn = written < bytes.length
    return written === bytes.length
  }
}

/** Returns how many bytes were written. */
function append(fd: number, bytes: Buffer): number {
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written)
  } catch {
    // The disk is full. The caller counts the line, or writes it elsewhere.
  }
  return written
}

/**
 * Hands lines to a pipe, a socket or a terminal, up to a bound. Then half of what waits must be read first. After an
 * error nobody reads them any more.
 */
function lineQueue(stream: Writable): (line: Buffer) => boolean {
  let isFull = false
  let isBroken = false
  stream.on('error', () => {
    isBroken = true
  })
  return (line) => {
    isFull = stream.writableLength > (isFull ? MOST_WAITING / 2 : MOST_WAITING)
    if (isFull || isBroken) return false
    // The lines of one turn of the event loop are one write.
    if (stream.writableCorked === 0) {
      stream.cork()
      setImmediate(() => stream.uncork())
    }
    stream.write(line)
    return true
  }
}
