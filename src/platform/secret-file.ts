import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Random } from './random.ts'

const SECRET_BYTES = 32

/** The server secret, as text of at least 32 bytes; undefined if the file does not exist. */
export function readSecretFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the file, readable by its owner only; of several processes one does, and the others read what it wrote. */
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
