import { relative } from 'node:path'
import type { Loaded } from '../config/load.ts'
import type { Deps } from '../deps.ts'
import type { GlobalFlags } from './flags.ts'
import { cleanLine, inLines, print } from './output/clean.ts'
import { readStdin } from './stdin.ts'

/** The configuration that the flags and this machine lead to. */
export async function loadConfigOf(flags: GlobalFlags): Promise<Loaded> {
  const { loadConfig, findDevelopment } = await import('../config/load.ts')
  const stdin = flags.config === '-' ? await readStdin() : undefined
  const input = { flags: {}, env: process.env, configPath: flags.config, stdin }
  const development = findDevelopment(input)
  if (development) {
    if (flags.verbose) tell(`authd: no configuration; using ${shownPath(development.config.dataDir)}`)
    return development
  }
  const loaded = loadConfig(input)
  for (const { message } of loaded.warnings) if (!flags.quiet) tell(`warning: ${message}`)
  if (flags.verbose) tell(`authd: configuration ${loaded.path ?? 'from the environment'}`)
  return loaded
}

/**
 * Opens the database for one piece of work, and seals what was audited. In a dry run the work gets the rehearsal, and
 * nothing is sealed.
 */
export async function withDatabase<Result>(
  flags: GlobalFlags,
  work: (deps: Deps, rehearsal: Deps) => Promise<Result>,
): Promise<Result> {
  const { config } = await loadConfigOf(flags)
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
    const result = await work(isDry ? wired.rehearsal : wired.deps, wired.rehearsal)
    const { sealAudit } = await import('../flows/audit/audit.ts')
    if (!isDry) await sealAudit(wired.deps)
    return result
  } finally {
    await wired.close()
  }
}

/** As it would be typed here. */
function shownPath(path: string): string {
  const near = relative('.', path)
  return near.startsWith('..') ? path : `./${near}`
}

function tell(text: string): void {
  print(process.stderr, inLines([cleanLine(text, process.stderr)]))
}
