import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { unwritable } from '../flows/shown-error.ts'
import { systemClock } from '../platform/clock.ts'
import { makeFolder } from '../platform/folder.ts'
import { parsePostgresUrl } from '../platform/net/postgres-url.ts'
import { trustSystemCertificates } from '../platform/net/system-certificates.ts'
import { systemRandom } from '../platform/random.ts'
import { isOpenToAll } from '../platform/secret-file.ts'
import { type Db, type StatementTimer, StoreError } from '../store/db.ts'
import { openDatabase } from '../store/open.ts'

/** Milliseconds to wait for another process's write. A command may block; a daemon's event loop must not. */
const BUSY_TIMEOUT = { serve: 25, cli: 5000 }

/** Opens the database only. Its schema may be old, and the server secret may not exist yet. */
export async function openStore(
  config: Config,
  mode: 'serve' | 'cli',
  {
    timeoutMs = BUSY_TIMEOUT[mode],
    timer,
  }: { timeoutMs?: number | undefined; timer?: StatementTimer | undefined } = {},
): Promise<Db> {
  const { path, url, poolSize } = config.database
  if (url === undefined) {
    if (mode === 'cli' && !existsSync(path)) {
      throw new AuthdError('UNAVAILABLE', {
        message: `No database at ${path}. The first start creates it. If there was one, restore a backup.`,
        suggestions: ['authd init', 'authd serve --dev', 'authd backup list', 'authd config path'],
      })
    }
    makeOurFolder(dirname(path))
  }
  if (url !== undefined && needsSystemCertificates(url)) trustSystemCertificates()
  makeOurFolder(config.dataDir)
  return await openDatabase({
    path,
    url,
    poolSize,
    busyTimeoutMs: timeoutMs,
    ...(mode === 'cli' && { lockWaitMs: timeoutMs }),
    timer,
    jitter: systemRandom(systemClock).int,
  })
}

/** Opens the configured database as a command does, for one piece of work. Its schema and its secret are not looked at. */
export async function withStore<Result>(
  config: Config,
  work: (db: Db) => Promise<Result>,
  options?: { timeoutMs: number },
): Promise<Result> {
  const db = await openStore(config, 'cli', options)
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

/** What to say of a database file that other users can read, as one that was restored by hand. */
export function exposedDatabase({ database: { url, path } }: Config): string | undefined {
  if (url !== undefined || !existsSync(path) || !isOpenToAll(path)) return undefined
  return `every user can read ${path}`
}

const ASK_EVERY_MS = 1000

export interface Waiting {
  stop: AbortSignal
  /** Gets each reason once. */
  tell(reason: StoreError): Promise<void>
}

/** Does the work, again and again while the database is away. Throws an AbortError if `stop` is aborted meanwhile. */
export async function whenItAnswers<Result>(work: () => Promise<Result>, { stop, tell }: Waiting): Promise<Result> {
  for (const told = new Set<string>(); ; ) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (!told.has(error.message)) await tell(error)
      told.add(error.message)
    }
    await wait(ASK_EVERY_MS, undefined, { signal: stop })
  }
}

/** With a root certificate of its own, or without a check, nothing of the system is needed. */
function needsSystemCertificates(url: string): boolean {
  const { sslMode, sslRootCert } = parsePostgresUrl(url)
  return sslMode === 'verify-full' && (sslRootCert === undefined || sslRootCert === 'system')
}

function makeOurFolder(path: string): void {
  try {
    makeFolder(path, 0o700)
  } catch (cause) {
    throw unwritable(path, cause, ['authd config reference data_dir', 'run the command with sudo'])
  }
}
