import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { SECRET_CHECK, SECRET_ROTATION } from '../flows/server-secret.ts'
import { fileStamp, systemClock } from '../platform/clock.ts'
import { keysFrom } from '../platform/derived-keys.ts'
import { openPlainFile } from '../platform/files.ts'
import { systemRandom } from '../platform/random.ts'
import { shell } from '../platform/shell.ts'
import type { Db } from '../store/db.ts'
import { findSystemConfig } from '../store/system-config.ts'
import { backupFolder, SECRET_BYTES } from './backup-files.ts'

/** Whether this secret made the check value that a database keeps of its own. */
export function makesCheckValue(secret: string, checkValue: string): boolean {
  return keysFrom(Buffer.from(secret), systemRandom(systemClock)).checkValue() === checkValue
}

/**
 * The file of this machine with the secret that a database belongs to: one that a rotation has kept, one beside a backup,
 * or one of `others`. Undefined if none of those that can be read fits.
 */
export function findFittingSecret(
  config: Pick<Config, 'dataDir' | 'secretFile'>,
  checkValue: string,
  others: readonly string[] = [],
): string | undefined {
  const { secretFile } = config
  const backups = backupFolder(config, undefined)
  const paths = [
    ...others,
    // One that ends in .next belongs to a rotation, which puts it in place itself.
    ...inFolder(dirname(secretFile), (name) => name.startsWith(basename(secretFile)) && !name.endsWith('.next')),
    ...inFolder(backups, (name) => name.endsWith('.secret')),
  ]
  return paths.find((path) => {
    const secret = readPlain(path)
    return secret !== undefined && makesCheckValue(secret, checkValue)
  })
}

/** Does the work that needs the right secret. An error about a wrong or missing one names the file that has the right one. */
export async function withSecretAdvice<Result>(
  config: Config,
  db: Db,
  others: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthdError) || error.code !== 'SECRET_MISMATCH') throw error
    const known = await db.read(async (sql) => ({
      stored: await findSystemConfig(sql, SECRET_CHECK),
      rotatingTo: await findSystemConfig(sql, SECRET_ROTATION),
    }))
    if (known.stored === undefined || known.rotatingTo !== undefined) throw error
    const path = findFittingSecret(config, known.stored, others)
    throw path === undefined ? error : withFittingSecret(config, error, path)
  }
}

/** The same error, with the file that has the right secret and the commands that put it in place. */
function withFittingSecret(config: Config, error: AuthdError, path: string): AuthdError {
  const { secret, secretFile } = config
  const aside = `${secretFile}.before-${fileStamp(systemClock.now())}`
  const place = [
    ...(existsSync(secretFile) ? [shell`sudo mv ${secretFile} ${aside}`] : []),
    shell`sudo cp -p ${path} ${secretFile}`,
  ]
  return new AuthdError(error.code, {
    message: `${error.message} The right one is in ${path}.`,
    suggestions: secret === undefined ? place : ['authd config show --section secret --origin'],
    cause: error,
  })
}

/** Undefined for what this user cannot read, for what is not a file, and for what is too long to be a secret. */
function readPlain(path: string): string | undefined {
  try {
    const file = openPlainFile(path)
    try {
      return file.bytes(SECRET_BYTES)?.toString().trim()
    } finally {
      file.close()
    }
  } catch {
    return undefined
  }
}

function inFolder(folder: string, isOne: (name: string) => boolean): string[] {
  try {
    return readdirSync(folder)
      .filter(isOne)
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
