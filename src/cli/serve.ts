import { isatty } from 'node:tty'
import { BUILD } from '../build-info.ts'
import { developmentConfig, mayDevelop } from '../config/development.ts'
import { type Loaded, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { LAST_WRITES_MS, startDaemon } from '../daemon.ts'
import { ERRORS } from '../errors.ts'
import { coalesced } from '../platform/coalesced-runs.ts'
import { connectServiceManager } from '../platform/systemd.ts'
import { readSecretEarly } from '../startup/secret.ts'
import { type Wired, wire } from '../startup/wire.ts'
import { writeDiagnostics } from './diagnostics.ts'
import { cleanText, print, tell } from './output/clean.ts'
import { becomeOwner } from './privileges.ts'
import { noteConfig, reloadConfig } from './reload-config.ts'
import type { HeededSignals } from './signals.ts'

export interface ServeOptions {
  isDevelopment: boolean
  configPath: string | undefined
  flags: Record<string, string | number | boolean>
  version: string
  isQuiet: boolean
  signals: HeededSignals
}

const EXTEND_EVERY_MS = 10_000

/** Runs the daemon. It checks everything before it listens, and stops in order. */
export async function serve(options: ServeOptions): Promise<void> {
  const service = connectServiceManager(process.env, process.pid)
  const { configPath } = options
  const isDevelopment =
    options.isDevelopment || mayDevelop({ env: process.env, cwd: process.cwd(), pid: process.pid, configPath })
  const load = (): Loaded =>
    isDevelopment
      ? developmentConfig({ flags: options.flags, env: process.env })
      : loadConfig({ flags: options.flags, env: process.env, configPath })
  const loaded = load()
  const { config } = loaded
  const secret = readSecretEarly(config)
  becomeOwner(config.dataDir)
  process.umask(0o077)
  process.title = 'authd'
  const { format, file } = config.log
  const isForPeople = format === 'pretty' || (format === 'auto' && (process.stdout.isTTY || isDevelopment))
  const stop = stopper(config.server.shutdownTimeout)
  // While it waits for a database, or migrates one, systemd would otherwise give up.
  const extending = setInterval(() => service.notify('EXTEND_TIMEOUT_USEC=60000000'), EXTEND_EVERY_MS)
  const wired = await wire(config, {
    mode: 'serve',
    output: process.stdout,
    logFormat: isForPeople && (file === undefined || format === 'pretty') ? 'pretty' : 'json',
    journalStream: process.env['JOURNAL_STREAM'],
    secret,
    flagged: new Set(Object.keys(options.flags)),
    waiting: { stop: stop.signal, onWait: (reason) => service.notify(`STATUS=Waiting for the database: ${reason}`) },
  })
    .catch((error) => {
      if (!stop.signal.aborted) throw error
      return undefined
    })
    .finally(() => clearInterval(extending))
  if (!wired) return
  try {
    for (const { message } of loaded.warnings) wired.log.warn('configuration warning', { warning: message })
    noteConfig(wired.deps, true)
    const { version, commit } = BUILD
    wired.deps.metrics.set('authd_build_info', { version, commit: commit ?? 'none', node: process.versions.node }, 1)
    stop.onBug(wired.log)
    const daemon = await startDaemon(wired.deps, {
      version: options.version,
      service,
      stop: stop.signal,
      isDevelopment,
    })
    if (isForPeople && !options.isQuiet)
      print(wired.output, cleanText(banner(config, options.version, { isDevelopment, path: loaded.path })))
    const reload = coalesced(async () => {
      service.notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
      await reloadConfig(wired, load)
      service.notify('READY=1')
    })
    const isTerminalGone = terminalWatch()
    options.signals.act({
      // The kernel sends it too, when the terminal is closed. Then nobody asks for a reload.
      SIGHUP: () => (isTerminalGone() ? stop.now() : reload.soon()),
      SIGUSR1: () => reopenLog(wired),
      SIGUSR2: () => {
        writeDiagnostics(wired, daemon).catch((error) => wired.log.error('diagnostics not written', { error }))
      },
    })
    await daemon.stopped
    options.signals.act({ SIGUSR1: () => reopenLog(wired) })
    await reload.done()
  } finally {
    await wired.close()
  }
}

/** Reopens the log file after a rename. A failure is logged to the file that is still open. */
function reopenLog({ log, logFile }: Wired): void {
  try {
    logFile?.reopen()
    log.info('log file reopened', { file: logFile?.path ?? null })
  } catch (error) {
    log.error('log file not reopened: writing to the old one', { error })
    // The old file was removed, so nobody reads it.
    const why = error instanceof Error ? error.message : error
    tell(`authd: log file not reopened: ${why}`)
  }
}

interface Stopper {
  signal: AbortSignal
  now(): void
  /** From now on a bug is logged and stops the daemon. */
  onBug(log: Pick<Wired['log'], 'error'>): void
}

/**
 * The first SIGTERM or SIGINT stops the daemon in order. A second one exits immediately. So does the end of the time
 * that a stop may take: what still runs then waits for something outside, and its lease brings it back.
 */
function stopper(timeoutMs: number): Stopper {
  const controller = new AbortController()
  const now = () => {
    if (controller.signal.aborted) return
    controller.abort()
    setTimeout(() => process.exit(), timeoutMs + LAST_WRITES_MS).unref()
  }
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
    now()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return {
    signal: controller.signal,
    now,
    onBug(log) {
      // An unhandled rejection ends here, too.
      process.on('uncaughtException', (error) => {
        log.error('a bug: authd stops', { error })
        process.exitCode = ERRORS.INTERNAL_ERROR.exit
        now()
      })
    },
  }
}

/** Says whether the daemon was started in a terminal that has been closed since. */
function terminalWatch(): () => boolean {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd))
  return () => terminals.length > 0 && !terminals.some((fd) => isatty(fd))
}

function banner(
  config: Config,
  version: string,
  { isDevelopment, path }: { isDevelopment: boolean; path: string | undefined },
): string {
  const { publicUrl, database, log } = config
  const data = database.url === undefined ? database.path : 'PostgreSQL'
  const mail =
    config.smtp.host === undefined
      ? 'shown here, with link and code'
      : `through ${config.smtp.host}:${config.smtp.port}`
  return `
  authd ${version}   passwordless sign-in
  open      ${publicUrl}/signin
  data      ${data}
  mail      ${mail}
  config    ${isDevelopment ? 'none: development mode, for this machine only' : (path ?? 'from the environment')}
  log       ${log.file ?? 'here'}
  stop      Ctrl-C

`
}
