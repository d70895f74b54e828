import type { GlobalFlags } from '../flags.ts'

/** Is there somebody who looks and types? In CI a terminal has nobody before it. */
export function isInteractive({ json, jsonl, plain }: GlobalFlags): boolean {
  const { CI: ci = '', TERM: term } = process.env
  const hasTerminal = process.stdin.isTTY && process.stdout.isTTY && term !== 'dumb'
  const isInCi = ci !== '' && ci !== '0' && ci !== 'false'
  return hasTerminal && !isInCi && !json && !jsonl && !plain
}

/** Before what draws is loaded: it looks at these once, and not at NO_COLOR. */
export function settleEnvironment({ color, 'no-color': isOff }: GlobalFlags): void {
  const { env } = process
  if (isOff || color === 'never' || env['NO_COLOR'] || env['AUTHD_NO_COLOR']) {
    env['FORCE_COLOR'] = '0'
    // Both of them make Node print a warning.
    delete env['NO_COLOR']
  } else if (color === 'always') env['FORCE_COLOR'] = '1'
  // React keeps records of each drawing otherwise, and ink looks for a debugger.
  env['NODE_ENV'] = 'production'
  delete env['DEV']
}
