import { constants } from 'node:os'
import { PassThrough, Readable } from 'node:stream'
import { main } from '../../src/cli/main.ts'
import { fakeTerminal } from './terminal.ts'

export interface CommandLine {
  args: string[]
  folder: string
  env: Record<string, string>
  input: string
  /** Its output goes to a terminal of 80 columns. */
  isTerminal?: boolean
  /** Keys that are typed on this terminal. */
  typed?: string
  umask?: number
  /** What every write to stdout fails with: ENOSPC on a full disk, EIO on a terminal that is gone. */
  outputError?: 'ENOSPC' | 'EIO'
}

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

let queue: Promise<unknown> = Promise.resolve()

/** Runs a command line in this process. One at a time: folder, environment and streams are the process's own. */
export function runCommandLine(line: CommandLine): Promise<Ran> {
  const ran = queue.then(() => runAlone(line))
  queue = ran.catch(() => undefined)
  return ran
}

async function runAlone(line: CommandLine): Promise<Ran> {
  const { args, folder, env, input, typed, isTerminal = typed !== undefined } = line
  const stdout = line.outputError ? failing(line.outputError) : collector(isTerminal)
  const stderr = collector(isTerminal)
  const before = { env: process.env, folder: process.cwd(), umask: process.umask(), exitCode: process.exitCode }
  const signals = ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const
  const listeners = signals.map((signal) => process.listeners(signal))
  const stdin = typed === undefined ? Readable.from([input]) : keyboard(typed)
  const restore = replaceStreams({ stdout: stdout.stream, stderr: stderr.stream, stdin })
  try {
    process.chdir(folder)
    process.env = env
    process.exitCode = undefined
    process.umask(line.umask ?? before.umask)
    await main(args)
    return { code: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    restore()
    process.env = before.env
    process.umask(before.umask)
    process.exitCode = before.exitCode
    process.chdir(before.folder)
    for (const [index, signal] of signals.entries()) {
      process.removeAllListeners(signal)
      for (const listener of listeners[index] ?? []) process.on(signal, listener)
    }
  }
}

/** Like a stream of Node on a file, which throws. */
function failing(code: 'ENOSPC' | 'EIO') {
  const stream = new PassThrough()
  stream.write = () => {
    throw Object.assign(new Error(`write ${code}`), { code, errno: -constants.errno[code], syscall: 'write' })
  }
  return { stream, text: () => '' }
}

function keyboard(typed: string) {
  const { stdin, type } = fakeTerminal()
  type(typed)
  return stdin
}

function replaceStreams(streams: Record<'stdin' | 'stdout' | 'stderr', object>): () => void {
  const names = ['stdin', 'stdout', 'stderr'] as const
  const own = names.map((name) => Object.getOwnPropertyDescriptor(process, name) ?? {})
  for (const name of names) Object.defineProperty(process, name, { value: streams[name], configurable: true })
  return () => {
    for (const [index, name] of names.entries()) Object.defineProperty(process, name, own[index] ?? {})
  }
}

function collector(isTerminal: boolean) {
  let written = ''
  const stream = new PassThrough({ encoding: 'utf8' })
  const write = stream.write.bind(stream)
  stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    written += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
    return write(chunk, ...rest)
  }) as typeof stream.write
  if (isTerminal)
    Object.assign(stream, {
      isTTY: true,
      columns: 80,
      rows: 10_000,
      hasColors: () => true,
      getWindowSize: () => [80, 24],
    })
  stream.resume()
  return { stream, text: () => written }
}
