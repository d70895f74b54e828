import { text } from 'node:stream/consumers'

const reads = new WeakMap<object, Promise<string>>()

/** All of stdin, also when asked twice. A synchronous read would fail with EAGAIN while a pipe has nothing yet. */
export function readStdin(): Promise<string> {
  const read = reads.get(process.stdin) ?? text(process.stdin)
  reads.set(process.stdin, read)
  return read
}
