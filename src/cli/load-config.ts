import { hostname } from 'node:os'
import { relative } from 'node:path'
import type { Instance } from '../config/instance.ts'
import type { Wired } from '../startup/wire.ts'
import type { GlobalFlags } from './flags.ts'
import { tell } from './output/clean.ts'
import { readStdin } from './stdin.ts'

/**
 * The configuration that the flags and this machine lead to. It says which instance that is, if it could be another. With
 * `checksFiles`, the files that a start needs are read, too.
 */
export async function loadConfigOf(flags: GlobalFlags, { checksFiles = false } = {}): Promise<Instance> {
  const { findInstance } = await import('../config/instance.ts')
  const stdin = flags.config === '-' ? await readStdin() : undefined
  const instance = findInstance({ flags: {}, env: process.env, configPath: flags.config, stdin, checksFiles })
  const { isDevelopment, other, path, config } = instance
  const taken = isDevelopment
    ? `no configuration; using ${shownPath(config.dataDir)}`
    : `configuration ${path ?? 'from the environment'}`
  if (other !== undefined && !flags.quiet) tell(`authd: ${taken}, not ${shownPath(other)}`)
  else if (flags.verbose) tell(`authd: ${taken}`)
  if (!isDevelopment && !flags.quiet) for (const { message } of instance.warnings) tell(`warning: ${message}`)
  return instance
}

/** Gives the configuration the address and port that a running daemon has from the flags of `serve --dev`. */
export async function followDaemon({ deps, config }: Wired): Promise<void> {
  const { listNodes } = await import('../flows/upkeep/node.ts')
  const node = (await listNodes(deps)).findLast(({ host }) => host === hostname())
  if (node?.publicUrl === undefined) return
  const { hostname: host, port } = new URL(node.address)
  const { withValues } = await import('../config/config-values.ts')
  const running = {
    'server.host': host.replace(/^\[|\]$/g, ''),
    'server.port': Number(port),
    public_url: node.publicUrl,
  }
  config.replace(withValues(config.base(), new Map<string, unknown>(Object.entries(running))))
}

/** As it would be typed here. */
function shownPath(path: string): string {
  const near = relative('.', path)
  return near.startsWith('..') ? path : `./${near}`
}
