import { statSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { hasServerSecret } from '../flows/server-secret.ts'
import { systemClock } from '../platform/clock.ts'
import { systemRandom } from '../platform/random.ts'
import { createSecretFile, isOpenToAll, readSecretFile } from '../platform/secret-file.ts'
import { shell } from '../platform/shell.ts'
import type { Db } from '../store/db.ts'
import { withStore } from './open-database.ts'

/** Reads the secret before privileges are dropped: root can read files that the service's user cannot. */
export function readSecretEarly(config: Config): string | undefined {
  return config.secret ?? readSecret(config)
}

/** The same, but throws CONFIG_INVALID for one from which no keys can be derived. */
export function readLongSecret(config: Config): string | undefined {
  const secret = readSecretEarly(config)
  if (secret !== undefined && Buffer.byteLength(secret) < 32) throw shortSecret(config.secretFile)
  return secret
}

/**
 * Returns the secret of the configuration or of its file. Creates the file only if the database has not used a secret
 * yet.
 */
export async function serverSecret(config: Config, db: Db, early: string | undefined): Promise<Buffer> {
  const { secret, secretFile } = config
  const text = early ?? secret ?? readSecret(config)
  if (text !== undefined) {
    if (Buffer.byteLength(text) < 32) throw shortSecret(secretFile)
    return Buffer.from(text)
  }
  if (await hasServerSecret(db)) {
    throw lostSecret(secretFile)
  }
  const made = Buffer.from(createSecretFile(secretFile, systemRandom(systemClock)))
  if (made.length < 32) throw shortSecret(secretFile)
  return made
}

/** How long a check waits for a database that is busy. */
const ASKED_MS = 2000

/** Throws SECRET_MISMATCH if the secret is missing but the database was made with one. */
export async function refuseLostSecret(config: Config): Promise<void> {
  if (readSecretEarly(config) !== undefined) return
  // A database that is missing or does not answer is the finding of another check.
  const isUsed = await withStore(config, hasServerSecret, { timeoutMs: ASKED_MS }).catch(() => false)
  if (isUsed) throw lostSecret(config.secretFile)
}

/** What is said about a secret file that other users can read. */
export function openSecret(path: string): string {
  return `Every user of this machine can read or change the server secret ${path}.`
}

function lostSecret(path: string): AuthdError {
  return new AuthdError('SECRET_MISMATCH', {
    message: `The server secret ${path} is missing, but the database was made with it. Restore the file: a new secret could not decrypt the data.`,
    suggestions: ['authd config show --section secret --origin'],
  })
}

function linkedSecret(path: string): AuthdError {
  return new AuthdError('CONFIG_INVALID', {
    message: `The server secret ${path} is a link in a folder of another user. Root does not follow it. Name the file that it leads to as secret_file.`,
    suggestions: ['authd config reference secret_file'],
  })
}

function shortSecret(path: string): AuthdError {
  return new AuthdError('CONFIG_INVALID', {
    message: `The server secret in ${path} is shorter than 32 bytes. Restore the file from a backup: a new secret cannot decrypt the data. If the database has not used a secret yet, delete the file, and the next start creates it.`,
    suggestions: ['authd config show --section secret --origin'],
  })
}

/** Throws CONFIG_INVALID for a file that other users can read, and NO_PERMISSION for one that this user cannot. */
function readSecret({ secretFile: path, dataDir }: Config): string | undefined {
  try {
    const secret = readSecretFile(path)
    if (secret !== undefined && isOpenToAll(path)) {
      throw new AuthdError('CONFIG_INVALID', {
        message: openSecret(path),
        suggestions: [shell`chmod o-rwx ${path}`],
      })
    }
    return secret
  } catch (cause) {
    if (cause instanceof AuthdError) throw cause
    if (cause instanceof Error && 'code' in cause && cause.code === 'ELOOP') throw linkedSecret(path)
    throw new AuthdError('NO_PERMISSION', {
      message: `This user cannot read the server secret ${path}.`,
      suggestions: [
        isOwnerOf(dataDir) ? shell`sudo chown --reference=${dataDir} ${path}` : 'run the command with sudo',
      ],
      cause,
    })
  }
}

/** The service's user owns the data folder, and needs no more rights than it has. */
function isOwnerOf(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.()
}
