import type { GlobalFlags } from '../flags.ts'

/** Whether an operator uses the terminal. In CI nobody does. */
export function isInteractive({ json, jsonl, plain }: GlobalFlags): boolean {
  const { CI: ci = '', TERM: term } = process.env
  const hasTerminal = process.stdin.isTTY && process.stdout.isTTY && term !== 'dumb'
  const isInCi = ci !== '' && ci !== '0' && ci !== 'false'
  return hasTerminal && !isInCi && !json && !jsonl && !plain
}

/** Sets the environment before ink is loaded, which reads it once. */
export function settleEnvironment(): void {
  const { env } = process
  // Otherwise React records every render, and ink looks for a debugger.
  env['NODE_ENV'] = 'production'
  delete env['DEV']
}
