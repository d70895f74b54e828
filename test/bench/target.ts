import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openDatabase } from '../../src/store/open.ts'
import { freePort } from '../support/cli.ts'
import { startCodeSink } from '../support/code-sink.ts'
import { type Filled, sealWith } from './fill.ts'

export interface Target extends Filled {
  /** The code mailed to this address since the last call. Resolves when the mail arrives. */
  codeFor(email: string): Promise<string>
  /** The mail server and its number of mails. */
  sink: { port: number; count(): number }
  /** Runs a command on its database. Returns what it prints. */
  command(...args: string[]): Promise<string>
  stop(): Promise<void>
}

const BUILT = join(import.meta.dirname, '../../dist/authd')
const SOURCE = join(import.meta.dirname, '../../bin/authd.js')

/**
 * authd with a temporary folder and a mail server: the built one if it may be used and is there, else from source. A test
 * takes the source, because a build may be an old one. On the empty PostgreSQL database of `url`, else on SQLite.
 */
export async function startAuthdTarget({ mayBeBuilt, url }: { mayBeBuilt: boolean; url?: string }): Promise<Target> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'authd-bench-'))
  const mails = await startCodeSink()
  const config = join(folder, 'config.toml')
  await writeFile(
    config,
    `public_url = "http://localhost:${port}"\ndata_dir = "data"\n[server]\nport = ${port}\n[mail]\nfrom = "bench@example.com"\n` +
      `[smtp]\nhost = "127.0.0.1"\nport = ${mails.port}\ntls = "none"\n` +
      // One client sends everything, so the limits count but never apply.
      '[limits]\nrequests_per_minute = 1000000\nguesses_per_hour = 1000000\nmails_per_hour = 1000000\ntotal_mails_per_hour = 10000000\n' +
      (url === undefined ? '' : `[database]\nurl = "${url}"\nauto_migrate = true\n`),
  )
  const program = mayBeBuilt && existsSync(BUILT) ? BUILT : SOURCE
  const child = await started(spawn(program, ['serve', '--config', config], { cwd: folder, stdio: OUTPUT }))
  return {
    pid: child.pid ?? 0,
    port,
    openDatabase: opener(join(folder, 'data/authd.db'), url),
    origin: `http://localhost:${port}`,
    seal: sealWith(join(folder, 'data/secret')),
    codeFor: mails.codeFor,
    sink: mails,
    async command(...args) {
      return (await promisify(execFile)(program, [...args, '--config', config], { cwd: folder })).stdout
    },
    async stop() {
      await ended(child)
      mails.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** The bare prototype, also in a separate process. */
export async function startCeilingTarget(): Promise<Filled & { stop(): Promise<void> }> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'authd-ceiling-'))
  const database = join(folder, 'ceiling.db')
  const child = await started(
    spawn(process.execPath, [join(import.meta.dirname, 'ceiling.ts'), String(port), database], { stdio: OUTPUT }),
  )
  return {
    pid: child.pid ?? 0,
    port,
    openDatabase: opener(database),
    origin: `http://localhost:${port}`,
    // The prototype stores its seeds in plain text.
    seal: (_, plain) => plain,
    async stop() {
      await ended(child)
      await rm(folder, { recursive: true })
    },
  }
}

function opener(path: string, url?: string): Filled['openDatabase'] {
  return () => openDatabase({ path, url, busyTimeoutMs: 5000, poolSize: 2, jitter: () => 0 })
}

const OUTPUT: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit']

/** Resolves when it listens. Its log is discarded. */
function started(child: ChildProcess): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const read = (text: unknown) => {
      printed += String(text)
      if (!printed.includes('"listening"')) return
      child.stdout?.off('data', read).resume()
      resolve(child)
    }
    child.stdout?.on('data', read)
    child.on('exit', () => reject(new Error(`it did not start:\n${printed}`)))
  })
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'close')
}
