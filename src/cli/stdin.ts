import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { AuthdError } from '../errors.ts'
import { isStorable } from '../platform/plain-text.ts'

const reads = new WeakMap<object, Promise<string>>()

/** All of stdin, also when asked twice. A synchronous read would fail with EAGAIN while a pipe has nothing yet. */
export async function readStdin(): Promise<string> {
  const read = reads.get(process.stdin) ?? text(process.stdin)
  reads.set(process.stdin, read)
  return refuseUnstorable('stdin', await read)
}

/** The text of a file that a command names, or of stdin for `-`. */
export async function readInput(path: string): Promise<string> {
  if (path === '-') return await readStdin()
  try {
    return refuseUnstorable(path, readFileSync(path, 'utf8'))
  } catch (cause) {
    if (cause instanceof AuthdError) throw cause
    throw new AuthdError('NO_INPUT', { message: `${path} cannot be read.`, cause })
  }
}

/** The text, if a database can store it. Throws VALIDATION_ERROR, which names where it came from. */
function refuseUnstorable(where: string, input: string): string {
  if (isStorable(input)) return input
  const line = input.split('\n').findIndex((each) => !isStorable(each)) + 1
  throw new AuthdError('VALIDATION_ERROR', { message: `${where}, line ${line}: Contains U+0000. Remove it.` })
}
