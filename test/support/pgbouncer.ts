import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { TEMPORARY } from './temporary.ts'

/** Where Debian's package `pgbouncer` has it. */
export const PGBOUNCER = '/usr/sbin/pgbouncer'
/** It refuses to run as root. */
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

export interface Pgbouncer {
  /** For `database.url`. */
  url(database: string): string
  /** After kill: runs it again. */
  start(): Promise<void>
  kill(): Promise<void>
}

/** PgBouncer in transaction mode with three sessions, for the server whose socket is in this folder, or at this address. */
export async function startPgbouncer(server: string): Promise<Pgbouncer> {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-pgb-'))
  const settings = [
    '[databases]',
    `* = host=${server} port=5432 user=postgres`,
    '[pgbouncer]',
    'listen_addr =',
    `unix_socket_dir = ${folder}`,
    'listen_port = 6432',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 3',
    `logfile = ${folder}/log`,
  ]
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(file, settings.join('\n'))
  await chmod(folder, 0o755)
  if (isRoot) await chown(folder, NOBODY, NOBODY)
  let child: ChildProcess
  const start = async () => {
    child = spawn(PGBOUNCER, ['-q', file], { stdio: 'ignore', ...(isRoot && { uid: NOBODY, gid: NOBODY }) })
  }
  const kill = async () => {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  await start()
  onTestFinished(async () => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    url: (database: string) => `postgres://postgres@/${database}?host=${folder}&port=6432`,
    start,
    kill,
  }
}
