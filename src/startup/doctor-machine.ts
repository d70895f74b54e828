import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Check } from '../flows/operator/doctor-database.ts'
import { isOpenToAll } from '../platform/secret-file.ts'
import { shell } from '../platform/shell.ts'
import { leftCopies } from './backup-files.ts'
import { exposedDatabase } from './open-database.ts'
import { openSecret } from './server-secret.ts'

const MIB = 2 ** 20
const LITTLE_MIB = 200
const LONG_WAL_MIB = 256

/** What the files of this machine say, beside what a start needs. Nothing is opened for writing. */
export function checkFiles(config: Config): Check[] {
  const { url } = config.database
  const data = config.dataDir
  if (!existsSync(data)) {
    return [{ check: 'data folder modes', status: 'wrong', detail: `${data} is missing`, fix: 'authd init' }]
  }
  return [
    folderCheck(data),
    ...secretMode(config),
    diskCheck(data),
    ...(url === undefined ? databaseFiles(config) : []),
    ...unfinishedCopies(config),
    ...overrideFiles(config),
  ]
}

/** The command that takes a file from other users, and what --fix does instead. */
function closing(path: string): Pick<Check, 'fix' | 'repair'> {
  return { fix: shell`chmod o-rwx ${path}`, repair: { path, mode: statSync(path).mode & 0o770 } }
}

/** What a start refuses, in the same words; here it can be repaired. */
function secretMode({ secret, secretFile }: Config): Check[] {
  if (secret !== undefined || !isOpenToAll(secretFile)) return []
  return [{ check: 'secret', status: 'wrong', detail: openSecret(secretFile), ...closing(secretFile) }]
}

/** A command that was killed cannot delete them. The next backup does. */
function unfinishedCopies(config: Config): Check[] {
  return leftCopies(config).map((path) => ({
    ...{ check: 'unfinished copy', status: 'warn' },
    detail: `${path} may hold the database unencrypted. The command that made it was killed.`,
    fix: shell`sudo rm -r ${path}`,
  }))
}

/** Who can change a template or a sentence can change what mails and pages say. */
function overrideFiles({ mail, app }: Config): Check[] {
  const check = 'template modes'
  const folders = [mail.templatesDir, app.localesDir].filter((path) => path !== undefined && existsSync(path))
  const paths = folders.flatMap((folder = '') => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
  const open = paths.filter((path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) !== 0)
  const unread = paths.filter((path) => !isReadable(path))
  if (open.length + unread.length === 0)
    return paths.length === 0 ? [] : [{ check, status: 'ok', detail: folders.join(', ') }]
  return [
    ...open.map((path) => ({
      ...{ check, status: 'wrong' as const, detail: `every user can change ${path}`, fix: shell`chmod o-w ${path}` },
      repair: { path, mode: statSync(path).mode & 0o775 },
    })),
    ...unread.map((path) => ({ check, status: 'wrong' as const, detail: `the user of authd cannot read ${path}` })),
  ]
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Its files have modes of their own, but a folder that others can write lets them replace the files. */
function folderCheck(path: string): Check {
  const check = 'data folder modes'
  const others = statSync(path).mode & 0o007
  if (others === 0) return { check, status: 'ok', detail: path }
  const detail = `every user can ${others & 0o002 ? 'write to' : 'enter'} ${path}`
  return { check, status: others & 0o002 ? 'wrong' : 'warn', detail, ...closing(path) }
}

function diskCheck(path: string): Check {
  const { bavail, bsize } = statfsSync(path)
  const free = Math.floor((bavail * bsize) / MIB)
  const detail = `${free} MiB free for ${path}`
  if (free >= LITTLE_MIB) return { check: 'disk', status: 'ok', detail }
  return { check: 'disk', status: free < LITTLE_MIB / 4 ? 'wrong' : 'warn', detail, fix: 'df -h' }
}

/** SQLite's files belong to one user, or the daemon cannot write them. */
function databaseFiles(config: Config): Check[] {
  const { path } = config.database
  const check = 'database file'
  const file = statSync(path, { throwIfNoEntry: false })
  if (!file) return []
  const owner = statSync(dirname(path))
  const foreign = [path, `${path}-wal`, `${path}-shm`].find((name) => {
    const found = statSync(name, { throwIfNoEntry: false })
    return found !== undefined && found.uid !== owner.uid
  })
  if (foreign !== undefined) {
    const fix = shell`sudo chown --reference=${dirname(path)} ${foreign}`
    return [{ check, status: 'wrong', detail: `${foreign} belongs to another user than its folder`, fix }]
  }
  const exposed = exposedDatabase(config)
  if (exposed !== undefined) return [{ check, status: 'wrong', detail: exposed, ...closing(path) }]
  const wal = Math.ceil((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) / MIB)
  const detail = `${Math.ceil(file.size / MIB)} MiB, log ${wal} MiB`
  return [{ check, status: wal > LONG_WAL_MIB ? 'warn' : 'ok', detail }]
}
