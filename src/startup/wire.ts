import type { Writable } from 'node:stream'
import { type LiveConfigControl, liveConfig } from '../config/live-config.ts'
import type { Config } from '../config/schema.ts'
import type { Deps, EarlyDeps } from '../deps.ts'
import { createCache } from '../flows/cache.ts'
import { applySettings } from '../flows/operator/setting.ts'
import { claimServerSecret, closable } from '../flows/server-secret.ts'
import { ensureKeys, followAlgorithm } from '../flows/sessions/key-rotation.ts'
import { systemClock } from '../platform/clock.ts'
import { keysFrom } from '../platform/derived-keys.ts'
import { createLog, type ProcessLog } from '../platform/log.ts'
import type { LogFile } from '../platform/log-file.ts'
import { lossyOutput } from '../platform/log-output.ts'
import type { Metrics } from '../platform/monitoring/metrics.ts'
import type { WebhookClient } from '../platform/net/webhook-client.ts'
import { systemRandom } from '../platform/random.ts'
import { shell } from '../platform/shell.ts'
import { fewAtOnce, slowHash } from '../platform/slow-hash.ts'
import { createTroubles } from '../platform/troubles.ts'
import type { StatementTimer, StoreError } from '../store/db.ts'
import { dryRun } from '../store/dry-run.ts'
import { watched } from '../store/outage-watch.ts'
import { withSecretAdvice } from './fitting-secret.ts'
import { type LiveTextsControl, liveTexts } from './live-texts.ts'
import { toldTroubles } from './log-troubles.ts'
import { createMailer, mailerWhenUsed } from './mailer.ts'
import { exposedDatabase, openStore, whenItAnswers } from './open-database.ts'
import { openLog } from './open-log.ts'
import { prepareSchema } from './pending-migrations.ts'
import { serverSecret } from './server-secret.ts'

export interface WireOptions {
  /** `serve` creates and migrates what is missing. `cli` uses what exists. */
  mode: 'serve' | 'cli'
  /** Receives logs and, in development, mails. */
  output: NodeJS.WriteStream
  logFormat: 'json' | 'pretty'
  /** How long a command waits for another process's write. Milliseconds. */
  timeoutMs?: number | undefined
  /** The server secret, if it was read before privileges were dropped. */
  secret?: string | undefined
  /** Files that may have the right secret, if that is another one: named in the error. */
  otherSecrets?: readonly string[]
  /** Set for the command that restores a backup: until its end, every other process is refused. */
  isRestoring?: boolean
  journalStream?: string | undefined
  /** Set for a daemon, which waits for a database that is away. A command fails instead. */
  waiting?: WaitOptions
  /** Keys that the command line set. Live settings do not override them. */
  flagged?: ReadonlySet<string>
}

/** What a daemon does meanwhile. */
interface WaitOptions {
  stop: AbortSignal
  /** Called for each reason why the database cannot be used. */
  onAway(deps: EarlyDeps, reason: string): Promise<void>
  /** Called every ten seconds, also while the database is migrated. */
  onSlow(deps: EarlyDeps): void
}

const SLOW_MS = 10_000

export interface Wired {
  deps: Deps
  /** Whether there was no database before. */
  isNewDatabase: boolean
  /** Deps for a dry run: its units of work run and are rolled back. */
  rehearsal: Deps
  log: ProcessLog
  /** Standard output, which never fails. */
  output: Writable
  /** Set for a daemon that logs to a file. */
  logFile: LogFile | undefined
  config: LiveConfigControl
  texts: LiveTextsControl
  close(): Promise<void>
}

/** Records nothing. Commands use it, and daemons without metrics. Only a daemon loads prom-client. */
export const NO_METRICS: Metrics = {
  count() {},
  observe() {},
  set() {},
  render: async () => ({ text: '', contentType: 'text/plain' }),
}

/** Builds the real parts and joins them; no other place does. Everything is checked here, before the daemon listens. */
export async function wire(config: Config, options: WireOptions): Promise<Wired> {
  const output = lossyOutput(options.output, {
    lost() {
      metrics.count('log_lines_lost_total', {})
      troubles.begin('log', { reason: 'log lines are lost' })
    },
    resumed(count) {
      log.warn('log lines were lost', { count })
      troubles.end('log')
    },
  })
  const logFile = options.mode === 'serve' ? openLog(config, output) : undefined
  const log = createLog({
    level: options.mode === 'serve' ? config.log.level : 'error',
    format: options.logFormat,
    stream: logFile?.stream ?? output,
    journalStream: options.journalStream,
  })
  const live = liveConfig(config, {
    flagged: options.flagged ?? new Set(),
    onChange: (next) => options.mode === 'serve' && log.setLevel(next.log.level),
  })
  const isCounted = options.mode === 'serve' && config.metrics.enabled
  const metrics = isCounted ? (await import('../platform/monitoring/metrics.ts')).createMetrics() : NO_METRICS
  const timer: StatementTimer = (type, seconds) => metrics.observe('db_query_duration_seconds', { type }, seconds)
  const texts = liveTexts()
  const loadTexts = async () => {
    const { warnings } = await texts.load(config)
    for (const { message, path } of warnings) log.warn('template warning', { path, warning: message })
  }
  if (options.mode === 'serve') await loadTexts()
  const troubles =
    options.mode === 'serve' ? toldTroubles({ clock: systemClock, log, metrics }) : createTroubles(systemClock)
  const opened = await openStore(config, options.mode, {
    timeoutMs: options.timeoutMs,
    timer: metrics === NO_METRICS ? undefined : timer,
  })
  const exposed = exposedDatabase(config)
  if (exposed !== undefined && options.mode === 'serve')
    log.warn(exposed, { fix: shell`chmod o-rwx ${config.database.path}` })
  const { waiting } = options
  const random = systemRandom(systemClock)
  const early = { config: live, texts, clock: systemClock, random, log, troubles }
  const tell = async (error: StoreError) => {
    log.warn('waiting for the database', { error })
    await waiting?.onAway(early, error.message)
  }
  const db = watched(opened, troubles)
  const slow = waiting && setInterval(() => waiting.onSlow(early), SLOW_MS)
  try {
    const prepare = () => prepareSchema(config, db, { mode: options.mode, log, stop: waiting?.stop })
    const isNewDatabase =
      waiting && db.dialect === 'postgres'
        ? await whenItAnswers(prepare, { stop: waiting.stop, tell })
        : await prepare()
    const advised = <Result>(work: () => Promise<Result>) =>
      withSecretAdvice(config, db, options.otherSecrets ?? [], work)
    const keys = keysFrom(await advised(() => serverSecret(config, db, options.secret)), random)
    const made = () => createMailer(live, texts, output)
    const mailer = options.mode === 'serve' ? await made() : mailerWhenUsed(() => loadTexts().then(made))
    const webhooks = webhooksWhenUsed()
    // A restore is alone, and an SQLite file is held by who closes it.
    const isClosable = options.mode !== 'serve' && db.dialect === 'postgres' && options.isRestoring !== true
    const used = isClosable ? closable(db, keys) : db
    const shared = {
      db: used,
      cache: createCache(db),
      tally: new Map<string, number>(),
      accepted: new Map<string, string>(),
    }
    const deps = {
      ...early,
      ...shared,
      nodeId: random.id('node'),
      keys,
      slowHash: fewAtOnce(slowHash),
      mailer,
      webhooks,
      metrics,
    }
    await advised(() => claimServerSecret(deps, { mayBeRestoring: options.isRestoring }))
    await applySettings(deps)
    await ensureKeys(deps)
    if (options.mode === 'serve') {
      await followAlgorithm(deps)
      await (await import('../flows/outbox/configured-webhook.ts')).adoptConfiguredWebhook(deps)
    }
    return {
      deps,
      isNewDatabase,
      rehearsal: { ...deps, db: dryRun(db) },
      log,
      output,
      logFile,
      config: live,
      texts,
      async close() {
        await mailer.close()
        await webhooks.close()
        await db.close()
        await log.flush()
      },
    }
  } catch (error) {
    await db.close()
    throw error
  } finally {
    clearInterval(slow)
  }
}

/** A client that is created at its first post, because most commands send no webhooks. */
function webhooksWhenUsed(): WebhookClient {
  let made: Promise<WebhookClient> | undefined
  return {
    async post(post) {
      made ??= import('../platform/net/webhook-client.ts').then(({ webhookClient }) => webhookClient())
      return await (await made).post(post)
    },
    async close() {
      await (await made)?.close()
    },
  }
}
