import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { hasServerSecret } from '../flows/server-secret.ts'
import { systemClock } from '../platform/clock.ts'
import { systemRandom } from '../platform/random.ts'
import { createSecretFile, isOpenToAll, readSecretFile } from '../platform/secret-file.ts'
import { shell } from '../platform/shell.ts'
import type { Db } from '../store/db.ts'

/** Reads the secret before privileges are dropped: root can read files that the service's user cannot. */
export function readSecretEarly(config: Config): string | undefined {
  return config.secret ?? readSecret(config.secretFile)
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
  const text = early ?? secret ?? readSecret(secretFile)
  if (text !== undefined) {
    if (Buffer.byteLength(text) < 32) throw shortSecret(secretFile)
    return Buffer.from(text)
  }
  if (await hasServerSecret(db)) {
    throw new AuthdError('SECRET_MISMATCH', {
      message: `The server secret ${secretFile} is missing, but the database was made with it. Restore the file: a new secret could not decrypt the data.`,
      suggestions: ['authd config show --section secret --origin'],
    })
  }
  const made = Buffer.from(createSecretFile(secretFile, systemRandom(systemClock)))
  if (made.length < 32) throw shortSecret(secretFile)
  return made
}

function shortSecret(path: string): AuthdError {
  return new AuthdError('CONFIG_INVALID', {
    message: `The server secret in ${path} is shorter than 32 bytes. Restore the file from a backup: a new secret cannot decrypt the data. If the database has not used a secret yet, delete the file, and the next start creates it.`,
    suggestions: ['authd config show --section secret --origin'],
  })
}

/** Throws CONFIG_INVALID for a file that other users can read. */
function readSecret(path: string): string | undefined {
  try {
    const secret = readSecretFile(path)
    if (secret !== undefined && isOpenToAll(path)) {
      throw new AuthdError('CONFIG_INVALID', {
        message: `Every user of this machine can read or change the server secret ${path}.`,
        suggestions: [shell`chmod o-rwx ${path}`],
      })
    }
    return secret
  } catch (cause) {
    if (cause instanceof AuthdError) throw cause
    throw new AuthdError('NO_PERMISSION', {
      message: `This user cannot read the server secret ${path}.`,
      suggestions: ['run the command with sudo'],
      cause,
    })
  }
}
