import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { freePort } from '../../support/cli.ts'
import { familyOf, send } from './processes.ts'

export interface PatroniNode {
  name: string
  /** Where its PostgreSQL listens. */
  port: number
  /** Whether its PostgreSQL takes writes, as Patroni says. False where nobody answers. */
  isPrimary(): Promise<boolean>
  /** The machine loses power: nothing of it runs on. */
  kill(): void
  /** The machine stands still: connections stay open and nobody answers. */
  freeze(): void
  thaw(): void
}

export interface Patroni {
  nodes: [PatroniNode, PatroniNode]
  /** For `database.url`: both nodes, whichever takes writes. */
  url: string
  primary(): Promise<PatroniNode>
}

/** Much longer than an election takes. */
const ELECTION_MS = 60_000

/** PostgreSQL and Patroni reject root. 65534 is `nobody` everywhere. */
const AS_USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

const BIN = '/usr/lib/postgresql'

/** Two PostgreSQL with synchronous replication under Patroni and one etcd, on free ports, stopped after the test. */
export async function startPatroni(): Promise<Patroni> {
  const bin = programs()
  const folder = await mkdtemp(join(tmpdir(), 'authd-patroni-'))
  if (AS_USER.uid !== undefined) chownSync(folder, AS_USER.uid, AS_USER.gid)
  const [client, peer] = [await freePort(), await freePort()]
  const etcd = `http://127.0.0.1:${client}`
  const nodes: PatroniNode[] = []
  const started = [
    run('etcd', [
      ...['--data-dir', join(folder, 'etcd'), '--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
    ]),
  ]
  onTestFinished(async () => {
    for (const child of started) for (const pid of familyOf(child.pid)) send('SIGKILL', pid)
    for (const node of nodes) node.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  for (const name of ['one', 'two']) {
    const [port, api] = [await freePort(), await freePort()]
    const config = join(folder, `${name}.yml`)
    await writeFile(config, JSON.stringify(configOf({ name, port, api, client, folder, bin })))
    const child = run('patroni', [config], { HOME: folder })
    started.push(child)
    const node = nodeOf(name, port, api, { patroni: child, data: join(folder, `data-${name}`) })
    nodes.push(node)
    // The first begins as the primary, and the second copies it.
    await until(async () => (await fetch(`http://127.0.0.1:${api}/${name === 'one' ? 'primary' : 'sync'}`)).ok)
  }
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')
  return {
    nodes: nodes as Patroni['nodes'],
    url: `postgres://postgres@${hosts}/postgres?target_session_attrs=read-write`,
    async primary() {
      const until = performance.now() + ELECTION_MS
      while (performance.now() < until) {
        for (const node of nodes) if (await node.isPrimary()) return node
        await wait(20)
      }
      throw new Error(`no primary within ${ELECTION_MS} ms`)
    },
  }

  function run(program: string, args: string[], env: Record<string, string> = {}): ChildProcess {
    return spawn(program, args, {
      ...AS_USER,
      cwd: folder,
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], ...env },
    })
  }
}

/** The folder with PostgreSQL's programs. Throws with what to install. */
function programs(): string {
  const [newest] = existsSync(BIN) ? readdirSync(BIN).sort((a, b) => Number(b) - Number(a)) : []
  const isThere = (name: string) => (process.env['PATH'] ?? '').split(':').some((path) => existsSync(join(path, name)))
  if (newest === undefined || !isThere('patroni') || !isThere('etcd')) {
    throw new Error('This needs Patroni: apt-get install postgresql patroni etcd-server')
  }
  return join(BIN, newest, 'bin')
}

function configOf(at: { name: string; port: number; api: number; client: number; folder: string; bin: string }) {
  const listens = (port: number) => ({ listen: `127.0.0.1:${port}`, connect_address: `127.0.0.1:${port}` })
  return {
    scope: 'authd',
    name: at.name,
    restapi: listens(at.api),
    etcd3: { host: `127.0.0.1:${at.client}` },
    bootstrap: {
      // Shorter than Patroni's own, so that a test does not wait for half a minute. Synchronous, so that no commit is lost.
      dcs: { ttl: 15, loop_wait: 2, retry_timeout: 3, synchronous_mode: true },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }],
    },
    postgresql: {
      ...listens(at.port),
      data_dir: join(at.folder, `data-${at.name}`),
      bin_dir: at.bin,
      pgpass: join(at.folder, `pgpass-${at.name}`),
      authentication: { superuser: { username: 'postgres' }, replication: { username: 'replicator' } },
      parameters: { unix_socket_directories: at.folder },
      pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
    },
  }
}

function nodeOf(
  name: string,
  port: number,
  api: number,
  { patroni, data }: { patroni: ChildProcess; data: string },
): PatroniNode {
  // PostgreSQL is not a child of Patroni, and outlives it.
  const all = (signal: NodeJS.Signals) => {
    for (const pid of [patroni.pid, postmasterIn(data)].flatMap(familyOf)) send(signal, pid)
  }
  return {
    name,
    port,
    kill: () => all('SIGKILL'),
    freeze: () => all('SIGSTOP'),
    thaw: () => all('SIGCONT'),
    async isPrimary() {
      try {
        return (await fetch(`http://127.0.0.1:${api}/primary`, { signal: AbortSignal.timeout(500) })).ok
      } catch {
        return false
      }
    },
  }
}

function postmasterIn(data: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10)
    // The file of a killed one may name a process that is not ours.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data) ? pid : undefined
  } catch {
    return undefined
  }
}

async function until(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await check().catch(() => false)) return
    await wait(100)
  }
  throw new Error('Patroni did not start')
}
