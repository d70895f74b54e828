import { spawn, spawnSync } from 'node:child_process'
import { on } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { onTestFinished } from 'vitest'

export const EXAMPLES = join(import.meta.dirname, '../../docs/examples')

/** Whether a program is there and runs with these arguments. Examples in other languages run where it is. */
export function canRun(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

interface Options {
  env: Record<string, string>
  onLine?: (line: string) => void
}

/** Runs an example as its first lines say, on a free port. Returns its address once it listens. */
export async function startExample([command = '', ...args]: string[], { env, onLine }: Options): Promise<string> {
  const child = spawn(command, args, {
    cwd: EXAMPLES,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill())
  const output = new PassThrough()
  child.stdout.pipe(output, { end: false })
  child.stderr.pipe(output, { end: false })
  child.on('close', () => output.end())
  const lines = createInterface({ input: output })
  const said: string[] = []
  for await (const [line] of on(lines, 'line', { close: ['close'] })) {
    said.push(String(line))
    const [, port] = /(?:listening on |http:\/\/127\.0\.0\.1:)(\d+)/.exec(String(line)) ?? []
    if (port === undefined) continue
    if (onLine) lines.on('line', onLine)
    return `http://127.0.0.1:${port}/`
  }
  throw new Error(`${command} ${args.join(' ')} did not start:\n${said.join('\n')}`)
}
