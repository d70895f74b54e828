import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import type { Check } from '../flows/operator/doctor-database.ts'
import { isOpenToAll } from '../platform/secret-file.ts'
import { shell } from '../platform/shell.ts'
import { formatTextProblems, inspectTexts } from './live-texts.ts'
import { senderRecords } from './mailer.ts'
import { readSecretEarly } from './server-secret.ts'

const MIB = 2 ** 20
const LITTLE_MIB = 200
const LONG_WAL_MIB = 256

/** What the files of this machine say. Nothing is opened for writing. */
export function checkFiles(config: Config): Check[] {
  const { path, url } = config.database
  const secret = secretCheck(config)
  const data = config.dataDir
  if (!existsSync(data)) {
    return [secret, { check: 'data folder', status: 'wrong', detail: `${data} is missing`, fix: 'authd init' }]
  }
  return [secret, folderCheck(data), diskCheck(data), ...(url === undefined ? databaseFiles(path) : [])]
}

function secretCheck(config: Config): Check {
  const check = 'secret'
  try {
    const secret = readSecretEarly(config)
    if (secret === undefined) return { check, status: 'warn', detail: `${config.secretFile} does not exist yet` }
    if (Buffer.byteLength(secret) < 32) return { check, status: 'wrong', detail: 'shorter than 32 bytes' }
    return { check, status: 'ok', detail: config.secret === undefined ? config.secretFile : 'from the configuration' }
  } catch (error) {
    return failed(check, error)
  }
}

/** Its files have modes of their own, but a folder that others can write lets them replace the files. */
function folderCheck(path: string): Check {
  const check = 'data folder'
  const others = statSync(path).mode & 0o007
  if (others === 0) return { check, status: 'ok', detail: path }
  const detail = `every user can ${others & 0o002 ? 'write to' : 'enter'} ${path}`
  return { check, status: others & 0o002 ? 'wrong' : 'warn', detail, fix: shell`chmod o-rwx ${path}` }
}

function diskCheck(path: string): Check {
  const { bavail, bsize } = statfsSync(path)
  const free = Math.floor((bavail * bsize) / MIB)
  const detail = `${free} MiB free for ${path}`
  if (free >= LITTLE_MIB) return { check: 'disk', status: 'ok', detail }
  return { check: 'disk', status: free < LITTLE_MIB / 4 ? 'wrong' : 'warn', detail, fix: 'df -h' }
}

/** SQLite's files belong to one user, or the daemon cannot write them. */
function databaseFiles(path: string): Check[] {
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
  if (isOpenToAll(path)) {
    return [{ check, status: 'wrong', detail: `every user can read ${path}`, fix: shell`chmod o-rwx ${path}` }]
  }
  const wal = Math.ceil((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) / MIB)
  const detail = `${Math.ceil(file.size / MIB)} MiB, log ${wal} MiB`
  return [{ check, status: wal > LONG_WAL_MIB ? 'warn' : 'ok', detail }]
}

/** The same check of templates and sentences as at the start of a daemon. */
export async function checkTexts(config: Config): Promise<Check> {
  const { problems, warnings, files } = await inspectTexts(config)
  const [first] = formatTextProblems(problems.length > 0 ? problems : warnings)
  if (first === undefined) return { check: 'templates', status: 'ok', detail: `${files.length} of your own` }
  const status = problems.length > 0 ? 'wrong' : 'warn'
  return { check: 'templates', status, detail: first, fix: 'authd templates check' }
}

/** SPF, DKIM and DMARC of the sender. Each lookup has a deadline. */
export async function checkSender(config: Config): Promise<Check[]> {
  return (await senderRecords(config)).map(({ check, status, answer, publish }) => ({
    check,
    status: status === 'ok' ? 'ok' : 'warn',
    detail: publish === undefined ? answer : `${answer}. Publish: ${publish}`,
  }))
}

/** A failure that has a sentence and a next step, as a line. */
export function failed(check: string, error: unknown): Check {
  if (!(error instanceof AuthdError)) throw error
  const [fix] = error.suggestions
  return { check, status: 'wrong', detail: error.message.replaceAll('\n', ' '), ...(fix !== undefined && { fix }) }
}
