import { hostname } from 'node:os'
import { relative } from 'node:path'
import type { Instance } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Deps } from '../deps.ts'
import type { Wired } from '../startup/wire.ts'
import type { GlobalFlags } from './flags.ts'
import { cleanLine, inLines, print } from './output/clean.ts'
import { readStdin } from './stdin.ts'

/** The configuration that the flags and this machine lead to. It says which instance that is, if it could be another. */
export async function loadConfigOf(flags: GlobalFlags): Promise<Instance> {
  const { findInstance } = await import('../config/load.ts')
  const stdin = flags.config === '-' ? await readStdin() : undefined
  const instance = findInstance({ flags: {}, env: process.env, configPath: flags.config, stdin })
  const { isDevelopment, other, path, config } = instance
  const taken = isDevelopment
    ? `no configuration; using ${shownPath(config.dataDir)}`
    : `configuration ${path ?? 'from the environment'}`
  if (other !== undefined && !flags.quiet) tell(`authd: ${taken}, not ${shownPath(other)}`)
  else if (flags.verbose) tell(`authd: ${taken}`)
  if (!isDevelopment && !flags.quiet) for (const { message } of instance.warnings) tell(`warning: ${message}`)
  return instance
}

/** As `loadConfigOf`, with the address at which the daemon really listens, to ask it. */
export async function loadRunning(flags: GlobalFlags): Promise<Config> {
  const { isDevelopment, config } = await loadConfigOf(flags)
  if (!isDevelopment) return config
  return await withDatabase({ ...flags, quiet: true, verbose: false }, async (deps) => deps.config.current())
}

/**
 * Opens the database for one piece of work, and seals what was audited. In a dry run the work gets the rehearsal, and
 * nothing is sealed.
 */
export async function withDatabase<Result>(
  flags: GlobalFlags,
  work: (deps: Deps, rehearsal: Deps) => Promise<Result>,
): Promise<Result> {
  const { config, isDevelopment } = await loadConfigOf(flags)
  const { becomeOwner } = await import('./privileges.ts')
  const { readSecretEarly } = await import('../startup/secret.ts')
  const { wire } = await import('../startup/wire.ts')
  const secret = readSecretEarly(config)
  becomeOwner(config.dataDir)
  if (flags.verbose) tell(`authd: database ${config.database.url ? 'PostgreSQL' : config.database.path}`)
  const isDry = flags['dry-run'] ?? false
  const wired = await wire(config, {
    timeoutMs: flags.timeout,
    mode: 'cli',
    output: process.stderr,
    logFormat: 'pretty',
    secret,
  })
  try {
    if (isDevelopment) await followDaemon(wired)
    const result = await work(isDry ? wired.rehearsal : wired.deps, wired.rehearsal)
    const { sealAudit } = await import('../flows/audit/audit.ts')
    if (!isDry) await sealAudit(wired.deps)
    return result
  } finally {
    await wired.close()
  }
}

/** Gives the configuration the address and port that a running daemon has from the flags of `serve --dev`. */
async function followDaemon({ deps, config }: Wired): Promise<void> {
  const { listNodes } = await import('../flows/operator/node.ts')
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

function tell(text: string): void {
  print(process.stderr, inLines([cleanLine(text, process.stderr)]))
}
