import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createFile, openPlainFile } from './files.ts'
import type { Random } from './random.ts'

const SECRET_BYTES = 32
/** Far more than any secret has. */
const MOST_BYTES = 4096

/**
 * Returns the server secret as text, or undefined if the file does not exist. `isGuarded`: root reads in a folder of another
 * user, who could have put a link to root's files there, or a pipe. Throws ELOOP for the link.
 */
export function readSecretFile(path: string, isGuarded = isOfAnother(dirname(path))): string | undefined {
  try {
    return (isGuarded ? plainText(path) : readFileSync(path, 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function isOfAnother(folder: string): boolean {
  return process.geteuid?.() === 0 && statSync(folder, { throwIfNoEntry: false })?.uid !== 0
}

function plainText(path: string): string {
  const file = openPlainFile(path)
  try {
    const bytes = file.bytes(MOST_BYTES)
    if (bytes === undefined) throw new Error(`${path} is too large for a secret`)
    return bytes.toString('utf8')
  } finally {
    file.close()
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
  return createFile(path, `${secret}\n`, { mode: 0o600 }) ? secret : (readSecretFile(path) ?? '')
}
