import { spawn as spawnChild } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'

import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { type Ran, runCommandLine } from './command.ts'
import { TEMPORARY } from './temporary.ts'

/** The program under test: from source, or the one in `AUTHD_BIN`. */
export const PROGRAM = process.env['AUTHD_BIN'] ?? join(import.meta.dirname, '../../bin/authd.js')

/** A test sends many requests from one address. */
const UNLIMITED = {
  AUTHD_LIMITS_REQUESTS_PER_MINUTE: '1000000',
  AUTHD_LIMITS_GUESSES_PER_HOUR: '1000000',
  AUTHD_LIMITS_MAILS_PER_HOUR: '1000000',
}

export interface RunOptions {
  input?: string
  env?: Record<string, string>
  /** Only for a command that runs in this process. */
  isTerminal?: boolean
  /** Keys that are typed on a terminal. Only for a command that runs in this process. */
  typed?: string
  umask?: number
  outputError?: 'ENOSPC' | 'EIO'
  /** Without PATH and HOME. */
  isBare?: boolean
}

export interface Shell {
  folder: string
  /** Runs a command in this process, or by starting the program that AUTHD_BIN names. */
  run(args: string[], options?: RunOptions): Promise<Ran>
  /** Starts the program. */
  spawn(args: string[], options?: { input?: string; env?: Record<string, string> }): Promise<Ran>
  /** A daemon in this folder, killed after the test. In development mode it gets a free port unless one is given. */
  serve(args: string[], env?: Record<string, string>, program?: string): Promise<Daemon>
}

export interface Daemon {
  pid: number
  url: string
  /** Its output so far. */
  printed(): string
  until(text: string | RegExp): Promise<RegExpMatchArray>
  kill(signal: NodeJS.Signals): void
  /** Leaves its output in the pipe. */
  stopReading(): void
  readAgain(): void
  exit: Promise<number | null>
}

/**
 * A temporary folder with the data folder of development mode, to run authd in. `inProcess`: commands run in this process
 * even if AUTHD_BIN is set, for tests of many command lines. Each command has a test that starts it. `forFile`: it is kept
 * until the end of the file, for a folder that several tests read.
 */
export async function shell({ data = true, inProcess = false, forFile = false } = {}): Promise<Shell> {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-cli-'))
  const atEnd = forFile ? afterAll : onTestFinished
  atEnd(() => rm(folder, { recursive: true, force: true }))
  if (data) await mkdir(join(folder, 'authd-data'))
  return shellIn(folder, { inProcess })
}

/** The same in a folder that is there, and that the caller removes. */
export function shellIn(folder: string, { inProcess = false } = {}): Shell {
  const environment = (extra: Record<string, string>) => ({ PATH: process.env['PATH'] ?? '', HOME: folder, ...extra })
  const start = (args: string[], env: Record<string, string>, program = PROGRAM) =>
    spawnChild(program, args, { cwd: folder, env: environment(env), stdio: 'pipe' })
  const spawn: Shell['spawn'] = async (args, { input = '', env = {} } = {}) => {
    const child = start(args, env)
    const output = collect(child)
    child.stdin.end(input)
    const [code] = await once(child, 'close')
    return { code, ...output }
  }
  const run: Shell['run'] = (args, { input = '', env = {}, isBare = false, ...rest } = {}) =>
    runCommandLine({ args, folder, env: isBare ? env : environment(env), input, ...rest })
  return {
    folder,
    spawn,
    run: (args, options) =>
      (inProcess || process.env['AUTHD_BIN'] === undefined) && args[0] !== 'serve'
        ? run(args, options)
        : spawn(args, options),
    async serve(args, env = {}, program = PROGRAM) {
      const listen =
        args.includes('--dev') && !args.includes('--listen') ? ['--listen', `127.0.0.1:${await freePort()}`] : []
      const child = start(['serve', ...args, ...listen], { ...UNLIMITED, ...env }, program)
      const output = collect(child)
      const exit = once(child, 'close').then(([code]) => code as number | null)
      onTestFinished(async () => {
        child.kill('SIGKILL')
        await exit
      })
      const until = async (text: string | RegExp) => {
        for (;;) {
          const found = output.stdout.match(text)
          if (found) return found
          await Promise.race([once(child.stdout, 'data'), exit.then(failed)])
        }
      }
      const failed = () => Promise.reject(new Error(`the daemon ended:\n${output.stdout}${output.stderr}`))
      const [, url = ''] = await until(/(http:\/\/127\.0\.0\.1:\d+)/)
      const pid = child.pid ?? 0
      return {
        ...{ pid, url, printed: () => output.stdout, until, exit },
        kill: (signal) => process.kill(pid, signal),
        stopReading: () => void child.stdout.pause(),
        readAgain: () => void child.stdout.resume(),
      }
    },
  }
}

/** A free port, because the daemon's public_url needs the number before it listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function collect(child: ReturnType<typeof spawnChild>): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    output.stderr += text
  })
  return output
}
