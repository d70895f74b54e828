import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { AuthdError } from '../errors.ts'

const reads = new WeakMap<object, Promise<string>>()

/** All of stdin, also when asked twice. A synchronous read would fail with EAGAIN while a pipe has nothing yet. */
export function readStdin(): Promise<string> {
  const read = reads.get(process.stdin) ?? text(process.stdin)
  reads.set(process.stdin, read)
  return read
}

/** The text of a file that a command names, or of stdin for `-`. */
export async function readInput(path: string): Promise<string> {
  if (path === '-') return await readStdin()
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AuthdError('NO_INPUT', { message: `${path} cannot be read.`, cause })
  }
}
