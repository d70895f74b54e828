import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Random } from './random.ts'

const SECRET_BYTES = 32

/** Returns the server secret as text, or undefined if the file does not exist. */
export function readSecretFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Creates the file, readable by its owner only. If several processes try, one succeeds and the others read its secret.
 */
export function createSecretFile(path: string, random: Pick<Random, 'bytes'>): string {
  const secret = random.bytes(SECRET_BYTES).toString('base64url')
  try {
    const fd = openSync(path, 'wx', 0o600)
    writeSync(fd, `${secret}\n`)
    fsyncSync(fd)
    closeSync(fd)
    return secret
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return readFileSync(path, 'utf8').trim()
  }
}
