import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { systemClock } from '../platform/clock.ts'
import { systemRandom } from '../platform/random.ts'
import type { Db, StatementTimer } from '../store/db.ts'
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
        message: `No database at ${path}. The first start creates it.`,
        suggestions: ['authd init', 'authd serve --dev', 'authd config path'],
      })
    }
    makeFolder(dirname(path))
  }
  makeFolder(config.dataDir)
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

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new AuthdError('NO_PERMISSION', {
      message: `This user cannot create the folder ${path}.`,
      suggestions: ['authd config reference data_dir', 'run the command with sudo'],
      cause,
    })
  }
}
