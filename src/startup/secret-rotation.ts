import { rmSync, statSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import {
  type Beginning,
  beginRotation,
  cancelRotation,
  finishRotation,
  type Resealed,
  type RotationDeps,
  resealAll,
} from '../flows/operator/secret-rotation.ts'
import type { Actor } from '../flows/record-event.ts'
import { unwritable } from '../flows/shown-error.ts'
import { fileStamp, systemClock } from '../platform/clock.ts'
import { keysFrom } from '../platform/derived-keys.ts'
import { createFile, replaceFile } from '../platform/files.ts'
import { systemRandom } from '../platform/random.ts'
import { createSecretFile, readSecretFile } from '../platform/secret-file.ts'
import { shell } from '../platform/shell.ts'
import { withStore } from './open-database.ts'
import { refuseOutdated, refuseRunning } from './running-daemons.ts'
import { readSecretEarly } from './server-secret.ts'
import { NO_METRICS } from './wire.ts'

/** The secrets that were read before root's rights were dropped. */
export interface ReadSecrets {
  former: string
  /** What --new-secret-file has. Undefined: authd makes a secret beside the one in use. */
  given: { path: string; text: string } | undefined
}

/** Throws SECRET_MISMATCH without a secret in use, USAGE if only the operator can put a new one in place, NO_INPUT. */
export function readSecretsToRotate(config: Config, newSecretFile: string | undefined): ReadSecrets {
  const former = readSecretEarly(config)
  if (former === undefined) {
    throw new AuthdError('SECRET_MISMATCH', { message: `There is no server secret at ${config.secretFile} yet.` })
  }
  if (newSecretFile === undefined) {
    if (config.secret === undefined) return { former, given: undefined }
    throw new AuthdError('USAGE', {
      message:
        'The server secret is in the configuration, so authd cannot replace it. Write a new one to a file first.',
      suggestions: ['authd secrets rotate --new-secret-file=new-secret', 'authd config show --section secret --origin'],
    })
  }
  const text = readSecretFile(newSecretFile)
  if (text === undefined) throw new AuthdError('NO_INPUT', { message: `${newSecretFile} does not exist.` })
  return { former, given: { path: newSecretFile, text: longEnough(newSecretFile, text) } }
}

export interface Rotated extends Resealed {
  beginning: Beginning | 'dry'
  /** Where the former secret is kept. Undefined: the operator must put the new one in place. */
  kept: string | undefined
  newSecretPath: string
}

/**
 * Replaces the server secret. It can be interrupted at any moment and run again: until the end the former secret and the
 * new one are both there, and the database says which it belongs to. Throws DATABASE_BUSY while a daemon runs.
 */
export async function rotateServerSecret(
  config: Config,
  secrets: ReadSecrets,
  { actor, isDry, onProgress }: { actor: Actor; isDry: boolean; onProgress(values: number): void },
): Promise<Rotated> {
  const random = systemRandom(systemClock)
  const nextPath = secrets.given?.path ?? `${config.secretFile}.next`
  if (!isDry) await refuseRunning(config)
  const next = secrets.given?.text ?? (isDry ? random.bytes(32).toString('base64url') : takeNext(nextPath))
  if (next === secrets.former) throw new AuthdError('USAGE', { message: 'The new server secret is the one in use.' })
  const rotating = {
    from: keysFrom(Buffer.from(secrets.former), random),
    to: keysFrom(Buffer.from(next), random),
  }
  if (isDry) {
    const done = await withStore(config, (db) => resealAll({ db }, rotating, { isDry, onProgress }))
    return { ...done, beginning: 'dry', kept: undefined, newSecretPath: nextPath }
  }
  const depsOf = (db: RotationDeps['db']) => ({ db, clock: systemClock, random, metrics: NO_METRICS })
  const beginning = await withStore(config, async (db) => {
    await refuseOutdated(db)
    return await beginRotation(depsOf(db), rotating)
  })
  // What has begun meanwhile is refused now. What began before is seen here.
  try {
    await refuseRunning(config)
  } catch (error) {
    if (beginning === 'begun') await withStore(config, (db) => cancelRotation({ db }, rotating))
    throw error
  }
  const done = await withStore(config, async (db) => {
    if (beginning === 'done') return { values: 0, unreadable: [] }
    const resealed = await resealAll({ db }, rotating, { isDry, onProgress })
    await finishRotation(depsOf(db), actor, { rotating, values: resealed.values })
    return resealed
  })
  const kept = secrets.given ? undefined : putInPlace(config.secretFile, { ...secrets, next, nextPath })
  return { ...done, beginning, kept, newSecretPath: nextPath }
}

function longEnough(path: string, text: string): string {
  if (Buffer.byteLength(text) >= 32) return text
  throw new AuthdError('CONFIG_INVALID', {
    message: `The new server secret in ${path} is shorter than 32 bytes.`,
    suggestions: [shell`openssl rand -base64 48 > ${path}`],
  })
}

/** The secret of an interrupted rotation, or a new one. Throws NO_PERMISSION if this user cannot write there. */
function takeNext(path: string): string {
  try {
    return longEnough(path, readSecretFile(path) ?? createSecretFile(path, systemRandom(systemClock)))
  } catch (cause) {
    if (cause instanceof AuthdError) throw cause
    const byHand = ['openssl rand -base64 48 > new-secret', 'authd secrets rotate --new-secret-file=new-secret']
    throw unwritable(path, cause, byHand)
  }
}

/** Keeps the former secret beside the new one: older backups need it. Undefined if this user may not. */
function putInPlace(
  path: string,
  { former, next, nextPath }: { former: string; next: string; nextPath: string },
): string | undefined {
  const kept = `${path}.before-${fileStamp(systemClock.now())}`
  const { mode, gid } = statSync(path)
  try {
    createFile(kept, `${former}\n`, { mode: 0o600 })
    replaceFile(path, `${next}\n`, { mode: mode & 0o777, gid })
    rmSync(nextPath)
    return kept
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return undefined
    throw error
  }
}
