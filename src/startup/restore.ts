import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { Config } from '../config/schema.ts'
import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { closeRestored, openRestored } from '../flows/operator/restored.ts'
import { applyMigrations } from '../flows/operator/schema.ts'
import { SECRET_CHECK } from '../flows/server-secret.ts'
import type { AgeIdentities } from '../platform/age.ts'
import { systemClock } from '../platform/clock.ts'
import { createFile, fillFile, type OpenedFile, openPlainFile, replaceDatabase } from '../platform/files.ts'
import { makeFolder } from '../platform/folder.ts'
import { inPrivateFolder } from '../platform/private-folder.ts'
import { shell } from '../platform/shell.ts'
import { listColumns } from '../store/copied-tables.ts'
import { type Db, StoreError } from '../store/db.ts'
import { type Before, type HeldSqlite, holdSqlite, type InspectedCopy } from '../store/sqlite-backup.ts'
import { aboutOf, type BackupAbout, isDump, secretBeside } from './backup-files.ts'
import { decrypting, type IdentityFile, keysFor } from './encrypted-backup.ts'
import { findFittingSecret, makesCheckValue } from './fitting-secret.ts'
import { openStore, withStore } from './open-database.ts'
import { inspectDump, restorePostgres } from './postgres-dump.ts'
import { inspectSeparately } from './separate-inspection.ts'
import { readSecretEarly } from './server-secret.ts'
import { wire } from './wire.ts'

/** The files of a backup, opened before root's rights are dropped. */
export interface OpenedBackup {
  path: string
  /** Folders in which pg_restore may be, with colons between. */
  searchPath: string
  file: OpenedFile
  /** The keys of an encrypted backup. */
  keys: AgeIdentities | undefined
  about: BackupAbout | undefined
  secret: { configured: string | undefined; beside: SecretBeside | undefined }
}

interface SecretBeside {
  path: string
  /** Undefined if the keys do not decrypt it, and for a file that is too long. */
  text: string | undefined
}

export interface Checked extends InspectedCopy {
  /** `fits`, or why the secret that a restore here would use does not: the configured one, or else the one beside it. */
  secret: 'fits' | 'missing' | 'other'
  /** The secret beside the backup, which another machine needs. Undefined if there is none. */
  secretBeside: 'fits' | 'other' | 'unreadable' | undefined
  /** A file of this machine that has the right secret, if the one that would be used is not right. */
  fittingSecret: string | undefined
  /** Tables whose number of rows differs from that at the time of the backup. */
  differing: string[]
}

/** Throws NO_INPUT, USAGE without the right keys, FAILED. */
export async function openBackup(
  config: Config,
  path: string,
  { searchPath, identity }: { searchPath: string; identity: IdentityFile | undefined },
): Promise<OpenedBackup> {
  try {
    const file = openPlainFile(path)
    const keys = await keysFor(path, identity)
    const beside = await readSecretBeside(path, keys)
    const about = aboutOf(path)
    return { ...{ path, searchPath, file, keys, about }, secret: { configured: readSecretEarly(config), beside } }
  } catch (cause) {
    if (cause instanceof AuthdError) throw cause
    throw new AuthdError('NO_INPUT', {
      message: `The backup ${path} cannot be read.`,
      suggestions: ['authd backup list'],
      cause,
    })
  }
}

/** One that cannot be decrypted does not stop a restore where the right secret is configured. */
async function readSecretBeside(path: string, keys: AgeIdentities | undefined): Promise<SecretBeside | undefined> {
  const secret = secretBeside(path)
  if (secret === undefined) return undefined
  const { path: file, body } = secret
  try {
    const parts = keys && body && (await Readable.from(await keys.decrypt(Readable.from([body]))).toArray())
    return { path: file, text: (parts ? Buffer.concat(parts) : body)?.toString().trim() }
  } catch {
    return { path: file, text: undefined }
  }
}

/** Copies the backup into a private folder for `work`, which is deleted afterwards. Throws FAILED for a bad backup. */
export async function withScratch<Result>(
  config: Config,
  folder: string,
  backup: OpenedBackup,
  work: (scratch: string, checked: Checked) => Promise<Result> | Result,
): Promise<Result> {
  const { path, file, keys } = backup
  const inside = async (place: string) => {
    const scratch = join(place, 'authd.db')
    if (keys === undefined) file.copyTo(scratch)
    else await decrypting(path, async () => fillFile(scratch, await keys.decrypt(file.parts())))
    return await work(scratch, await check(config, scratch, backup))
  }
  return await inPrivateFolder(folder, '.authd-restore-', inside).finally(() => file.close())
}

async function check(config: Config, scratch: string, backup: OpenedBackup): Promise<Checked> {
  const { path, about, secret, searchPath } = backup
  try {
    const found = isDump(path)
      ? await inspectDump(scratch, { key: SECRET_CHECK, searchPath })
      : await inspectSeparately(scratch, SECRET_CHECK)
    if (found.programs.length > 0) throw programmed(path, found.programs)
    const tables = about ? Object.keys({ ...about.rows, ...found.rows }) : []
    const { configured, beside } = secret
    const state = fits(configured ?? beside?.text, found)
    const others = beside === undefined ? [] : [beside.path]
    return {
      ...found,
      secret: state,
      secretBeside: beside && besideFits(beside, found),
      fittingSecret: state === 'fits' ? undefined : findFittingSecret(config, found.entry ?? '', others),
      differing: tables.filter((name) => found.rows[name] !== about?.rows[name]),
    }
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    throw new AuthdError('FAILED', { message: `The backup ${path} cannot be restored: ${cause.reason}.`, cause })
  }
}

/** Only a database without users may have used no secret yet. */
function fits(secret: string | undefined, { entry, rows }: InspectedCopy): Checked['secret'] {
  if (entry === null) return rows['users'] === 0 ? 'fits' : 'other'
  if (secret === undefined) return 'missing'
  return makesCheckValue(secret, entry) ? 'fits' : 'other'
}

/** One from which no keys can be derived is of no use, even to a database that has not used a secret yet. */
function besideFits({ text }: SecretBeside, found: InspectedCopy): Checked['secretBeside'] {
  if (text === undefined) return 'unreadable'
  return Buffer.byteLength(text) >= 32 && fits(text, found) === 'fits' ? 'fits' : 'other'
}

/** They would run with every write, and anybody who can write where the backups are may have added them. */
function programmed(path: string, names: string[]): AuthdError {
  return new AuthdError('FAILED', {
    message: `The backup ${path} has triggers or views that are not of authd: ${names.slice(0, 5).join(', ')}. If you made them, drop them in a copy of the file and use that.`,
  })
}

export interface Restored<Done> {
  /** The files of the database from before: itself first. */
  kept: string[]
  done: Done
}

/**
 * Puts the backup in the place of the database, after `end` has ended in it what must not be valid again. It gets what the
 * database from before knows. Until its last step nothing has changed. Throws DATABASE_BUSY while another process has the
 * database open, FILE_EXISTS for a PostgreSQL database with tables, SECRET_MISMATCH, SCHEMA_NEWER, FAILED.
 */
export async function restoreBackup<Done>(
  config: Config,
  {
    backup,
    stamp,
    end,
  }: { backup: OpenedBackup; stamp: string; end(deps: Deps, before: Before | undefined): Promise<Done> },
): Promise<Restored<Done>> {
  const { path, url } = config.database
  if ((url !== undefined) !== isDump(backup.path)) throw otherKind(backup.path)
  if (url !== undefined) return await restoreIntoPostgres(config, backup, (deps) => end(deps, undefined))
  makeFolder(dirname(path), 0o700)
  const held = holdSqliteFile(path)
  try {
    return await withScratch(config, dirname(path), backup, async (scratch, checked) => {
      // Without an entry, the start below would take any secret.
      if (checked.entry === null) refuseUnfit(backup.path, checked)
      const { configured, beside } = backup.secret
      const scratchConfig = { ...config, database: { ...config.database, path: scratch } }
      const done = await inside(scratchConfig, backup.secret, (deps) => end(deps, held.before))
      if (configured === undefined && beside?.text !== undefined) {
        createFile(config.secretFile, `${beside.text}\n`, { mode: 0o600 })
      }
      const kept = join(dirname(path), `${basename(path)}.before-restore-${stamp}`)
      return { done, kept: replaceDatabase(scratch, path, kept) }
    })
  } finally {
    held.release()
  }
}

function otherKind(path: string): AuthdError {
  const [from, to] = isDump(path) ? ['PostgreSQL', 'SQLite'] : ['SQLite', 'PostgreSQL']
  return new AuthdError('USAGE', {
    message: `${path} is a backup of ${from}, and the configured database is ${to}. Restore it into ${from}, then copy that database.`,
    suggestions: ['authd help db copy'],
  })
}

/** The database must be empty, so the one from before stays where it is, and is not asked what it has ended. */
async function restoreIntoPostgres<Done>(
  config: Config,
  backup: OpenedBackup,
  end: (deps: Deps) => Promise<Done>,
): Promise<Restored<Done>> {
  await withStore(config, refuseTables)
  return await withScratch(config, config.dataDir, backup, async (file, checked) => {
    refuseUnfit(backup.path, checked)
    const mark = () => withStore(config, (db) => closeRestored({ clock: systemClock }, db))
    await restorePostgres(config.database, { file, searchPath: backup.searchPath, mark })
    const done = await inside(config, backup.secret, end)
    const { configured, beside } = backup.secret
    if (configured === undefined && beside?.text !== undefined) {
      createFile(config.secretFile, `${beside.text}\n`, { mode: 0o600 })
    }
    await withStore(config, openRestored)
    return { done, kept: [] }
  })
}

async function refuseTables(db: Db): Promise<void> {
  const tables = await db.read(listColumns)
  if (tables.size === 0) return
  throw new AuthdError('FILE_EXISTS', {
    message:
      'The configured database has tables already. Nothing was written. Create an empty one, name it in the configuration, and restore into that.',
    suggestions: ['createdb --owner=authd authd_restored', 'authd config reference database.url'],
  })
}

function refuseUnfit(path: string, { unknown, secret }: Checked): void {
  if (unknown.length > 0) {
    throw new AuthdError('SCHEMA_NEWER', { message: `${path} was written by a newer authd (${unknown.join(', ')}).` })
  }
  if (secret === 'fits') return
  throw new AuthdError('SECRET_MISMATCH', {
    message: `${path} belongs to another server secret than the one that is configured here.`,
    suggestions: [shell`authd backup verify ${path}`],
  })
}

/** Throws DATABASE_BUSY while another process has the file open, or restores. */
export function holdSqliteFile(path: string): HeldSqlite {
  try {
    return holdSqlite(path)
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    throw new AuthdError('DATABASE_BUSY', {
      message: `Another process, probably the daemon, has ${path} open. Stop it first.`,
      suggestions: [shell`sudo systemctl stop authd.socket authd.service`],
      cause,
    })
  }
}

async function inside<Done>(
  config: Config,
  { configured, beside }: OpenedBackup['secret'],
  end: (deps: Deps) => Promise<Done>,
): Promise<Done> {
  const db = await openStore(config, 'cli')
  try {
    await applyMigrations(db, systemClock.now(), {})
  } finally {
    await db.close()
  }
  const wired = await wire(config, {
    ...{ mode: 'cli', output: process.stderr, logFormat: 'pretty' },
    secret: configured ?? beside?.text,
    otherSecrets: beside === undefined ? [] : [beside.path],
    isRestoring: true,
  })
  try {
    return await end(wired.deps)
  } finally {
    await wired.close()
  }
}
