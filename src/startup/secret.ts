import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { hasServerSecret } from '../flows/operator/setup.ts'
import { systemClock } from '../platform/clock.ts'
import { systemRandom } from '../platform/random.ts'
import { createSecretFile, readSecretFile } from '../platform/secret-file.ts'
import type { Db } from '../store/db.ts'

/** Reads the secret before privileges are dropped: root can read files that the service's user cannot. */
export function readSecretEarly(config: Config): string | undefined {
  return config.secret ?? readSecret(config.secretFile)
}

/**
 * Returns the secret of the configuration or of its file. Creates the file only if the database has not used a secret
 * yet.
 */
export async function serverSecret(config: Config, db: Db, early: string | undefined): Promise<Buffer> {
  const { secret, secretFile } = config
  const text = early ?? secret ?? readSecret(secretFile)
  if (text !== undefined) {
    if (Buffer.byteLength(text) < 32) {
      throw new AuthdError('CONFIG_INVALID', {
        message: `The server secret in ${secretFile} is shorter than 32 bytes.`,
      })
    }
    return Buffer.from(text)
  }
  if (await hasServerSecret(db)) {
    throw new AuthdError('SECRET_MISMATCH', {
      message: `The server secret ${secretFile} is missing, but the database was made with it. Restore the file: a new secret could not decrypt the data.`,
      suggestions: ['authd config show --section secret --origin'],
    })
  }
  return Buffer.from(createSecretFile(secretFile, systemRandom(systemClock)))
}

function readSecret(path: string): string | undefined {
  try {
    return readSecretFile(path)
  } catch (cause) {
    throw new AuthdError('NO_PERMISSION', {
      message: `This user cannot read the server secret ${path}.`,
      suggestions: ['run the command with sudo'],
      cause,
    })
  }
}
