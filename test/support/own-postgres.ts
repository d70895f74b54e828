import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, copyFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { askWherePostgresIs } from './postgres.ts'
import { AS_USER } from './postgres-server.ts'
import { TEMPORARY } from './temporary.ts'
import { until } from './until.ts'

const run = promisify(execFile)

export interface OwnPostgres {
  /** An address of its own on this machine, with PostgreSQL's usual port. */
  host: string
  /** Ends it as an accident would. */
  kill(): Promise<void>
  /** In order, so that its files can be copied. */
  stop(): Promise<void>
  /** After kill or stop: runs it again. */
  start(): Promise<void>
  pid(): number | undefined
  query(sql: string): Promise<Record<string, unknown>[]>
  folder: string
}

/** A server of the test's own, which listens on TCP: the shared one has only a Unix socket. */
export async function startOwnPostgres({
  certificate,
  standbyOf,
  programs: installed,
}: {
  certificate?: string
  standbyOf?: OwnPostgres
  /** The folder of initdb and postgres, instead of those that all tests share. */
  programs?: string
} = {}): Promise<OwnPostgres> {
  const programs = installed ?? join(await askWherePostgresIs(), 'native/bin')
  const folder = await mkdtemp(join(TEMPORARY, 'authd-own-'))
  const data = join(folder, 'data')
  if (AS_USER.uid !== undefined) await chown(folder, AS_USER.uid, AS_USER.gid)
  if (standbyOf) {
    await cp(join(standbyOf.folder, 'data'), data, { recursive: true })
    await writeFile(join(data, 'standby.signal'), '')
    if (AS_USER.uid !== undefined) await run('chown', ['-R', `${AS_USER.uid}:${AS_USER.gid}`, folder])
    await chmod(data, 0o700)
  } else {
    const options = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
    await run(join(programs, 'initdb'), options, { ...AS_USER, cwd: folder })
    await writeFile(join(data, 'pg_hba.conf'), 'host all all all trust\n')
  }
  const tls: string[] = []
  if (certificate !== undefined) {
    const own = join(folder, 'server.pem')
    await copyFile(certificate, own)
    await chmod(own, 0o600)
    if (AS_USER.uid !== undefined) await chown(own, AS_USER.uid, AS_USER.gid)
    tls.push('ssl=on', `ssl_cert_file=${own}`, `ssl_key_file=${own}`)
  }
  const host = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`
  const settings = [
    `listen_addresses=${host}`,
    'unix_socket_directories=',
    'fsync=off',
    'log_min_messages=panic',
    ...tls,
  ]
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  let child: ChildProcess
  const start = async () => {
    child = spawn(join(programs, 'postgres'), args, { ...AS_USER, stdio: 'ignore' })
    await until(() => query('SELECT 1'))
  }
  const end = async (signal: NodeJS.Signals) => {
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
  onTestFinished(async () => {
    if (child?.exitCode === null) await end('SIGQUIT')
    await rm(folder, { recursive: true, force: true })
  })
  const query: OwnPostgres['query'] = async (sql) => {
    const client = new Client({ host, user: 'postgres', database: 'postgres', ssl: false })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }
  await start()
  return { host, folder, query, start, pid: () => child.pid, kill: () => end('SIGQUIT'), stop: () => end('SIGINT') }
}
