import type { Config } from '../config/schema.ts'
import type { Deps } from '../deps.ts'
import type { GlobalFlags } from './flags.ts'
import { followDaemon, loadConfigOf } from './load-config.ts'
import { tell } from './output/clean.ts'

/** Like `loadConfigOf`, with the address at which the daemon really listens, so that a command can call it. */
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
  const { readSecretEarly } = await import('../startup/server-secret.ts')
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
    const { sealAudit } = await import('../flows/audit/numbering.ts')
    if (!isDry) await sealAudit(wired.deps)
    return result
  } finally {
    await wired.close()
  }
}
