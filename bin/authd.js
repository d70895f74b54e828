#!/bin/sh
':' //; exec "$(dirname -- "$(readlink -f -- "$0")")/../tools/n" node --disable-warning=ExperimentalWarning "$(readlink -f -- "$0")" "$@"
// sh reads the line above and hands over to the project's Node; JavaScript reads it as a string and a comment.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 15)) {
  const { enableCompileCache } = await import('node:module')
  const root = join(dirname(fileURLToPath(import.meta.url)), '..')
  enableCompileCache(join(root, 'node_modules/.cache/node'))
  const { main } = await import('../src/cli/main.ts')
  await main(process.argv.slice(2))
} else {
  // An old Node started this file. The project's Node runs instead, with the same terminal, signals and exit code.
  const file = fileURLToPath(import.meta.url)
  const wrapper = join(dirname(file), '../tools/n')
  const options = ['--disable-warning=ExperimentalWarning', file, ...process.argv.slice(2)]
  const child = spawn(wrapper, ['node', ...options], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'])
    process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 1)))
}
