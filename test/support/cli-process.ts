import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { main } from '../../src/cli/main.ts'

/**
 * Runs command lines one after the other in this process, each with its own folder, environment and standard input.
 * Starting Node for every command would take most of the tests' time.
 */

export interface Request {
  id: number
  args: string[]
  folder: string
  env: Record<string, string>
  input: string
}

export interface Response {
  id: number
  code: number
  stdout: string
  stderr: string
}

const umask = process.umask()
const written = { stdout: '', stderr: '' }
let input = ''

for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = ((text: string | Uint8Array, ...rest: unknown[]) => {
    written[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8')
    const done = rest.find((value): value is () => void => typeof value === 'function')
    if (done) process.nextTick(done)
    return true
  }) as typeof process.stdout.write
}

const { readFileSync } = fs
fs.readFileSync = ((path: fs.PathOrFileDescriptor, ...rest: never[]) =>
  path === 0 ? input : readFileSync(path, ...rest)) as typeof fs.readFileSync
syncBuiltinESMExports()

let queue = Promise.resolve()
process.on('message', (request: Request) => {
  queue = queue.then(() => answer(request))
})
process.on('disconnect', () => process.exit(0))

async function answer({ id, args, folder, env, input: typed }: Request): Promise<void> {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  process.chdir(folder)
  process.umask(umask)
  process.exitCode = undefined
  Object.assign(written, { stdout: '', stderr: '' })
  input = typed
  await main(args)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR1']) process.removeAllListeners(signal)
  process.stdout.removeAllListeners('error')
  process.stderr.removeAllListeners('error')
  const code = Number(process.exitCode ?? 0)
  process.exitCode = undefined
  process.send?.({ id, code, ...written } satisfies Response)
}
