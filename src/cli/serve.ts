import { BUILD } from '../build-info.ts'
import { developmentConfig, mayDevelop } from '../config/development.ts'
import { type Loaded, loadConfig } from '../config/load.ts'
import { startDaemon, stoppingState, turnAway } from '../daemon.ts'
import { createDoors } from '../http/doors.ts'
import { coalesced } from '../platform/coalesced-runs.ts'
import { connectServiceManager } from '../platform/systemd.ts'
import { isLogForPeople, logFormat } from '../startup/open-log.ts'
import { readSecretEarly } from '../startup/server-secret.ts'
import { refuseStartFaults } from '../startup/start-checks.ts'
import { wire } from '../startup/wire.ts'
import { banner } from './banner.ts'
import { writeDiagnostics } from './diagnostics.ts'
import { cleanText, print } from './output/clean.ts'
import { becomeOwner } from './privileges.ts'
import { noteConfig, reloadConfig } from './reload-config.ts'
import { reopenLog } from './reopen-log.ts'
import { type HeededSignals, terminalWatch } from './signals.ts'
import { stopper } from './stop.ts'

export interface ServeOptions {
  isDevelopment: boolean
  configPath: string | undefined
  flags: Record<string, string | number | boolean>
  version: string
  isQuiet: boolean
  signals: HeededSignals
}

const NEW_DATABASE = 'made a new database without users: if there was one, stop authd and restore a backup'

/** Runs the daemon. It checks everything before it listens, and stops in order. */
export async function serve(options: ServeOptions): Promise<void> {
  const service = connectServiceManager(process.env, process.pid)
  const { configPath } = options
  const isDevelopment =
    options.isDevelopment || mayDevelop({ env: process.env, cwd: process.cwd(), pid: process.pid, configPath })
  const load = (): Loaded =>
    isDevelopment
      ? developmentConfig({ flags: options.flags, env: process.env })
      : loadConfig({ flags: options.flags, env: process.env, configPath, checksFiles: true })
  const loaded = load()
  const { config } = loaded
  refuseStartFaults(config)
  const secret = readSecretEarly(config)
  becomeOwner(config.dataDir)
  process.umask(0o077)
  process.title = 'authd'
  const isForPeople = isLogForPeople(config, { isTerminal: process.stdout.isTTY, isDevelopment })
  const stop = stopper(config.server.shutdownTimeout)
  const doors = createDoors(config, service.listenFds[0])
  const daemonOptions = { version: options.version, service, doors, stop: stop.signal, isDevelopment }
  const wired = await wire(config, {
    mode: 'serve',
    output: process.stdout,
    logFormat: logFormat(config, isForPeople),
    journalStream: process.env['JOURNAL_STREAM'],
    secret,
    flagged: new Set(Object.keys(options.flags)),
    waiting: {
      stop: stop.signal,
      // systemctl returns, because the database can be away for long.
      async onAway(deps, reason) {
        await turnAway(deps, daemonOptions)
        service.ready(`Waiting for the database: ${reason}`)
      },
      // systemctl waits, so that it fails if a migration fails. Without more time, systemd would stop the migration.
      onSlow(deps) {
        service.notify('EXTEND_TIMEOUT_USEC=60000000')
        // The end of the start fails for the same reason.
        turnAway(deps, daemonOptions).catch(() => undefined)
      },
    },
  }).catch(async (error) => {
    if (stop.signal.aborted) service.notify(stoppingState(config.server.shutdownTimeout))
    await doors.close(stop.signal.aborted ? config.server.shutdownTimeout : 0)
    if (!stop.signal.aborted) throw error
  })
  if (!wired) return
  try {
    for (const { message } of loaded.warnings) wired.log.warn('configuration warning', { warning: message })
    const database = config.database.url === undefined ? config.database.path : 'postgresql'
    if (wired.isNewDatabase && !isDevelopment) wired.log.warn(NEW_DATABASE, { database })
    noteConfig(wired.deps, true)
    const { version, commit } = BUILD
    wired.deps.metrics.set('authd_build_info', { version, commit: commit ?? 'none', node: process.versions.node }, 1)
    stop.onBug(wired.log)
    const daemon = await startDaemon(wired.deps, {
      ...daemonOptions,
      onRefused: (why) => stop.because(wired.log, why),
    })
    if (isForPeople && !options.isQuiet)
      print(wired.output, cleanText(banner(config, options.version, { isDevelopment, path: loaded.path })))
    const reload = coalesced(async () => {
      service.notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
      const isNew = await reloadConfig(wired, load)
      const serving = `Serving ${wired.deps.config.current().publicUrl}`
      service.ready(isNew ? serving : `${serving} with the old configuration, because the new one is invalid`)
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
    await doors.close(0)
    await wired.close()
  }
}
