import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCodeSink } from '../support/code-sink.ts'
import { type Filled, sealWith } from './fill.ts'

export interface Target extends Filled {
  /** The code mailed to this address since the last call. Resolves when the mail arrives. */
  codeFor(email: string): Promise<string>
  /** The mail server and its number of mails. */
  sink: { port: number; count(): number }
  stop(): Promise<void>
}

const BUILT = join(import.meta.dirname, '../../dist/authd')
const SOURCE = join(import.meta.dirname, '../../bin/authd.js')
const PORT = 23_000 + (process.pid % 5000)

/**
 * authd with a temporary folder and a mail server: the built one if it may be used and is there, else from source. A test
 * takes the source, because a build may be an old one.
 */
export async function startAuthdTarget({ mayBeBuilt }: { mayBeBuilt: boolean }): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'authd-bench-'))
  const mails = await startCodeSink()
  const config = join(folder, 'config.toml')
  await writeFile(
    config,
    `public_url = "http://localhost:${PORT}"\ndata_dir = "data"\n[server]\nport = ${PORT}\n[mail]\nfrom = "bench@example.com"\n` +
      `[smtp]\nhost = "127.0.0.1"\nport = ${mails.port}\ntls = "none"\n` +
      // One client sends everything, so the limits count but never apply.
      '[limits]\nrequests_per_minute = 1000000\nguesses_per_hour = 1000000\nmails_per_hour = 1000000\ntotal_mails_per_hour = 10000000\n',
  )
  const program = mayBeBuilt && existsSync(BUILT) ? BUILT : SOURCE
  const child = await started(spawn(program, ['serve', '--config', config], { cwd: folder, stdio: OUTPUT }))
  return {
    pid: child.pid ?? 0,
    port: PORT,
    database: join(folder, 'data/authd.db'),
    origin: `http://localhost:${PORT}`,
    seal: sealWith(join(folder, 'data/secret')),
    codeFor: mails.codeFor,
    sink: mails,
    async stop() {
      await ended(child)
      mails.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** The bare prototype, also in a separate process. */
export async function startCeilingTarget(): Promise<Filled & { stop(): Promise<void> }> {
  const port = PORT + 5000
  const folder = await mkdtemp(join(tmpdir(), 'authd-ceiling-'))
  const database = join(folder, 'ceiling.db')
  const child = await started(
    spawn(process.execPath, [join(import.meta.dirname, 'ceiling.ts'), String(port), database], { stdio: OUTPUT }),
  )
  return {
    pid: child.pid ?? 0,
    port,
    database,
    origin: `http://localhost:${port}`,
    // The prototype stores its seeds in plain text.
    seal: (_, plain) => plain,
    async stop() {
      await ended(child)
      await rm(folder, { recursive: true })
    },
  }
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
