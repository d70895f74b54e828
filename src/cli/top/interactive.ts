import type { GlobalFlags } from '../flags.ts'

/** Whether an operator uses the terminal. In CI nobody does. */
export function isInteractive({ json, jsonl, plain }: GlobalFlags): boolean {
  const { CI: ci = '', TERM: term } = process.env
  const hasTerminal = process.stdin.isTTY && process.stdout.isTTY && term !== 'dumb'
  const isInCi = ci !== '' && ci !== '0' && ci !== 'false'
  return hasTerminal && !isInCi && !json && !jsonl && !plain
}

/** Sets the environment before ink is loaded. ink reads it once, and ignores NO_COLOR. */
export function settleEnvironment({ color, 'no-color': isOff }: GlobalFlags): void {
  const { env } = process
  if (isOff || color === 'never' || env['NO_COLOR'] || env['AUTHD_NO_COLOR']) {
    env['FORCE_COLOR'] = '0'
    // Node prints a warning if both are set.
    delete env['NO_COLOR']
  } else if (color === 'always') env['FORCE_COLOR'] = '1'
  // Otherwise React records every render, and ink looks for a debugger.
  env['NODE_ENV'] = 'production'
  delete env['DEV']
}
