import { existsSync, lstatSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { encryptFor, HEADER_BYTES } from '../platform/age.ts'
import { CLOCK_SKEW_MS, fileStamp } from '../platform/clock.ts'
import { createFile, createFileBy, fillFile, openPlainFile, withDraft } from '../platform/files.ts'
import { makeFolder } from '../platform/folder.ts'
import { abandonedIn, removeAbandoned } from '../platform/private-folder.ts'
import type { Db } from '../store/db.ts'
import { copySqlite, inspectSqlite } from '../store/sqlite-backup.ts'
import { dumpPostgres, inspectDump } from './postgres-dump.ts'
import { readSecretEarly } from './server-secret.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/
/** A backup has up to three files, and this name without their endings. */
const NAME = /^authd-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/
const [DATA, DUMP, ABOUT, SECRET, AGE] = ['.sqlite', '.dump', '.json', '.secret', '.age']
/** An SQLite file, or what pg_dump makes of PostgreSQL. Encrypted, it has one ending more. */
const COPIES = [DATA, DUMP, DATA + AGE, DUMP + AGE]

/** More than each of them ever has. A folder of backups may be on a machine of others. */
const ABOUT_BYTES = 64 * 1024
export const SECRET_BYTES = 4096
const SEALED_BYTES = HEADER_BYTES + 2 * SECRET_BYTES

/** What is known of a backup since it was made. It is written last, so a backup without it is not complete. */
export interface BackupAbout {
  /** RFC 3339. */
  created_at: string
  schema: string | null
  /** By table. */
  rows: Record<string, number>
}

export interface BackupFiles {
  name: string
  path: string
  bytes: number
  hasSecret: boolean
  isEncrypted: boolean
  about: BackupAbout
}

/** The folder of backups: the one that is named, or one in the data folder. */
export function backupFolder(config: Pick<Config, 'dataDir'>, named: string | undefined): string {
  return named ?? join(config.dataDir, 'backups')
}

export interface NewBackup {
  folder: string
  stamp: string
  createdAt: string
  withSecret: boolean
  /** Public keys of age. Without any, the backup is not encrypted. */
  recipients: readonly string[]
  /** Folders in which pg_dump may be, with colons between. */
  searchPath: string
}

/**
 * Copies the database, reads the copy, and gives it its name. Each file is whole or missing. A copy that is encrypted is
 * first made in the data folder, so that the folder of backups gets nothing else. Throws FILE_EXISTS, and UNAVAILABLE
 * without the programs of PostgreSQL.
 */
export async function createBackup(
  config: Config,
  db: Db,
  { folder, stamp, createdAt, withSecret, recipients, searchPath }: NewBackup,
): Promise<BackupFiles> {
  const { path: database, url } = config.database
  const name = `authd-${stamp}`
  const isEncrypted = recipients.length > 0
  const age = isEncrypted ? AGE : ''
  const path = join(folder, name + (url === undefined ? DATA : DUMP) + age)
  makeFolder(folder, 0o700)
  let about: BackupAbout = { created_at: createdAt, schema: null, rows: {} }
  const copyTo = async (file: string) => {
    if (url === undefined) await copySqlite(database, file)
    else await dumpPostgres(url, { db, file, searchPath })
    const { schema, rows } =
      url === undefined ? inspectSqlite(file, '') : await inspectDump(file, { key: '', searchPath })
    about = { ...about, schema, rows }
  }
  const isNew = await createFileBy(path, async (draft) => {
    if (!isEncrypted) return await copyTo(draft)
    await withDraft(config.dataDir, '.authd-backup-', async (plain) => {
      await copyTo(plain)
      const file = openPlainFile(plain)
      await fillFile(draft, await encryptFor(recipients, file.parts())).finally(() => file.close())
    })
  })
  if (!isNew) throw isThere(path)
  const secret = withSecret ? readSecretEarly(config) : undefined
  const beside = [
    ...(secret === undefined ? [] : [{ ending: SECRET + age, body: await bodyFor(recipients, `${secret}\n`) }]),
    { ending: ABOUT, body: `${JSON.stringify(about)}\n` },
  ]
  for (const { ending, body } of beside) {
    const file = join(folder, name + ending)
    if (!createFile(file, body, { mode: 0o600 })) throw isThere(file)
  }
  return { name, path, bytes: statSync(path).size, hasSecret: secret !== undefined, isEncrypted, about }
}

async function bodyFor(recipients: readonly string[], text: string): Promise<string | Uint8Array> {
  if (recipients.length === 0) return text
  const whole = Readable.from([Buffer.from(text)])
  return Buffer.concat(await Readable.from(await encryptFor(recipients, whole)).toArray())
}

function isThere(path: string): AuthdError {
  return new AuthdError('FILE_EXISTS', { message: `${path} is there already. Try again in a second.` })
}

/** What commands that were killed left where they copy the database, maybe unencrypted. */
export function leftCopies(config: Config): string[] {
  return placesOfCopies(config, backupFolder(config, undefined)).flatMap(abandonedIn)
}

/** Deletes them. Returns what is deleted. */
export function removeLeftCopies(config: Config, folder: string): string[] {
  return placesOfCopies(config, folder).flatMap(removeAbandoned)
}

function placesOfCopies({ dataDir, database }: Config, folder: string): string[] {
  return [...new Set([dataDir, dirname(database.path), folder].map((place) => resolve(place)))]
}

/** The newest first. */
export function backupsIn(folder: string): BackupFiles[] {
  const files = new Set(filesIn(folder))
  const names = [...files].filter((file) => file.endsWith(ABOUT)).map((file) => file.slice(0, -ABOUT.length))
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .reverse()
    .flatMap((name) => {
      const ending = COPIES.find((copy) => files.has(name + copy))
      if (ending === undefined) return []
      const path = join(folder, name + ending)
      const about = aboutOf(path) ?? { created_at: '', schema: null, rows: {} }
      const hasSecret = files.has(name + SECRET) || files.has(name + SECRET + AGE)
      return [{ name, path, bytes: lstatSync(path).size, hasSecret, isEncrypted: isEncryptedBackup(path), about }]
    })
}

/**
 * Those that are older than the newest `keep`. One that is not complete, or is dated in the future because a clock was
 * wrong, does not count as one of these: it could take the place of all that are made later.
 */
export function oldBackups(backups: readonly BackupFiles[], { keep, now }: { keep: number; now: number }) {
  const isFuture = ({ name }: BackupFiles) => name > `authd-${fileStamp(now + CLOCK_SKEW_MS)}`
  const kept = backups.filter((backup) => backup.about.created_at !== '' && !isFuture(backup)).slice(0, keep)
  const oldest = kept[keep - 1]
  return {
    old: oldest === undefined ? [] : backups.filter(({ name }) => name < oldest.name),
    future: backups.filter(isFuture),
  }
}

/** Deletes the files of a backup. What it is known by goes last. */
export function deleteBackup(folder: string, { name, path, isEncrypted }: BackupFiles): void {
  const files = new Set(filesIn(folder))
  const secret = isEncrypted ? SECRET + AGE : SECRET
  for (const file of [name + secret, basename(path), name + ABOUT]) {
    if (files.has(file)) rmSync(join(folder, file), { force: true })
  }
}

/** What was written beside the file when it was made. Undefined if it is missing, cannot be read, or says something else. */
export function aboutOf(path: string): BackupAbout | undefined {
  try {
    return parseAbout(JSON.parse(readBeside(path, ABOUT, ABOUT_BYTES)?.body?.toString() ?? ''))
  } catch {
    return undefined
  }
}

function parseAbout(about: unknown): BackupAbout | undefined {
  const { created_at, schema, rows } = fieldsOf(about)
  const counts = Object.entries(fieldsOf(rows))
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
  const known = counts.filter((entry): entry is [string, number] => isCount(entry[1]))
  if (typeof created_at !== 'string' || !TIME.test(created_at) || Number.isNaN(Date.parse(created_at))) return undefined
  if (schema !== null && typeof schema !== 'string') return undefined
  if (known.length === 0 || known.length < counts.length) return undefined
  return { created_at, schema, rows: Object.fromEntries(known) }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/**
 * The server secret beside the file, encrypted as the file is, and the path of its file. Undefined if it is not there; its
 * body is undefined if it is too long to be one.
 */
export function secretBeside(path: string): { path: string; body: Buffer | undefined } | undefined {
  const isEncrypted = isEncryptedBackup(path)
  return isEncrypted ? readBeside(path, SECRET + AGE, SEALED_BYTES) : readBeside(path, SECRET, SECRET_BYTES)
}

/** A backup by its path, or by its name in a folder. */
export function pathOfBackup(folder: string, named: string): string {
  if (!NAME.test(named)) return named
  const copies = COPIES.map((ending) => join(folder, named + ending))
  return copies.find((path) => existsSync(path)) ?? join(folder, named + DATA)
}

/** Whether a backup is of PostgreSQL, by its name. */
export function isDump(path: string): boolean {
  return path.endsWith(DUMP) || path.endsWith(DUMP + AGE)
}

/** Whether a backup is encrypted, by its name. */
export function isEncryptedBackup(path: string): boolean {
  return path.endsWith(AGE)
}

function withoutEnding(path: string): string | undefined {
  const ending = COPIES.find((copy) => path.endsWith(copy))
  return ending && path.slice(0, -ending.length)
}

/** Undefined if it is not there. Its body is undefined if it has more than `most` bytes. */
function readBeside(path: string, ending: string, most: number) {
  const name = withoutEnding(path)
  if (name === undefined) return undefined
  try {
    const file = openPlainFile(name + ending)
    try {
      return { path: name + ending, body: file.bytes(most) }
    } finally {
      file.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Without folders, links and pipes. */
function filesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
