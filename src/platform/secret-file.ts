import { readFileSync, statSync } from 'node:fs'
import { createFile } from './files.ts'
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
 * Whether every user of the machine can read or change the file. Secrets of a container are readable to all of it, and
 * authd is all of it.
 */
export function isOpenToAll(path: string): boolean {
  if (path.startsWith('/run/secrets/')) return false
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o006) !== 0
}

/**
 * Creates the file, readable by its owner only. If several processes try, one succeeds and the others read its secret.
 */
export function createSecretFile(path: string, random: Pick<Random, 'bytes'>): string {
  const secret = random.bytes(SECRET_BYTES).toString('base64url')
  return createFile(path, `${secret}\n`, { mode: 0o600 }) ? secret : readFileSync(path, 'utf8').trim()
}
