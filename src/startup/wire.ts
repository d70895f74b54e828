import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import type { Config } from '../config/schema.ts'
import { type ConfigSourceControl, configSource } from '../config/source.ts'
import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { createCache } from '../flows/cache.ts'
import { applySettings } from '../flows/operator/setting.ts'
import { applyMigrations, checkSchema, claimServerSecret, hasServerSecret } from '../flows/operator/setup.ts'
import { ensureKeys } from '../flows/sessions/signing-key.ts'
import { systemClock } from '../platform/clock.ts'
import { keysFrom } from '../platform/keys.ts'
import { createLog, type ProcessLog } from '../platform/log.ts'
import { type LogFile, openLogFile } from '../platform/log-file.ts'
import { NO_METRICS } from '../platform/monitoring/no-metrics.ts'
import type { WebhookClient } from '../platform/net/webhook-client.ts'
import { systemRandom } from '../platform/random.ts'
import { createSecretFile, readSecretFile } from '../platform/secret-file.ts'
import { type Db, dryRun, type StatementTimer } from '../store/db.ts'
import { backupSqlite } from '../store/migrate.ts'
import { openDatabase } from '../store/open.ts'
import { createMailer, mailerWhenUsed } from './mail.ts'
import { type TextSourceControl, textSource } from './texts.ts'

/** A CLI may block for so long on another process's writer; a daemon's loop must go on. Milliseconds. */
const BUSY_TIMEOUT = { serve: 25, cli: 5000 }

export interface WireOptions {
  /** `serve` makes and migrates what is missing; `cli` works on what is there. */
  mode: 'serve' | 'cli'
  /** Units run and are undone. */
  dryRun?: boolean
  /** Where logs go, and mails in development. */
  output: NodeJS.WriteStream
  logFormat: 'json' | 'pretty'
  /** How long a command waits for another process's writer. Milliseconds. */
  timeoutMs?: number
  /** The server secret, where it had to be read before privileges were dropped. */
  secret?: string | undefined
  journalStream?: string | undefined
  /** Keys that the command line set: no live setting beats them. */
  flagged?: ReadonlySet<string>
}

export interface Wired {
  deps: Deps
  log: ProcessLog
  /** Of a daemon whose log is a file. */
  logFile: LogFile | undefined
  config: ConfigSourceControl
  texts: TextSourceControl
  close(): Promise<void>
}

/** The only place where real parts are built and joined. What a start needs is checked here, before anything listens. */
export async function wire(config: Config, options: WireOptions): Promise<Wired> {
  const logFile = options.mode === 'serve' ? openLog(config, options.output) : undefined
  const log = createLog({
    level: options.mode === 'serve' ? config.log.level : 'error',
    format: options.logFormat,
    stream: logFile?.stream ?? options.output,
    journalStream: options.journalStream,
  })
  const source = configSource(config, {
    flagged: options.flagged ?? new Set(),
    onChange: (next) => options.mode === 'serve' && log.setLevel(next.log.level),
  })
  const isCounted = options.mode === 'serve' && config.metrics.enabled
  // Only a daemon loads what counts.
  const metrics = isCounted ? (await import('../platform/monitoring/metrics.ts')).createMetrics() : NO_METRICS
  const timer: StatementTimer = (type, seconds) => metrics.observe('db_query_duration_seconds', { type }, seconds)
  const texts = textSource()
  const loadTexts = async () => {
    const { warnings } = await texts.load(config)
    for (const { message, path } of warnings) log.warn('template', { path, warning: message })
  }
  if (options.mode === 'serve') await loadTexts()
  const db = await openStore(config, options.mode, {
    timeoutMs: options.timeoutMs,
    timer: metrics === NO_METRICS ? undefined : timer,
  })
  try {
    await prepareSchema(config, db, { mode: options.mode, log })
    const random = systemRandom(systemClock)
    const keys = keysFrom(await serverSecret(config, db, options.secret), random)
    const made = () => createMailer(source, texts, options.output)
    const mailer = options.mode === 'serve' ? await made() : mailerWhenUsed(() => loadTexts().then(made))
    const webhooks = webhooksWhenUsed()
    const shared = { db, cache: createCache(db), tally: new Map<string, number>() }
    const deps = { ...shared, config: source, texts, clock: systemClock, random, keys, mailer, webhooks, log, metrics }
    await claimServerSecret(deps)
    await applySettings(deps)
    await ensureKeys(deps)
    if (options.mode === 'serve')
      await (await import('../flows/outbox/webhook-endpoint.ts')).adoptConfiguredWebhook(deps)
    return {
      deps: options.dryRun ? { ...deps, db: dryRun(db) } : deps,
      log,
      logFile,
      config: source,
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
  }
}

/** The secret as whoever starts may read it: root can read files that the service's user cannot. */
export function readSecretEarly(config: Config): string | undefined {
  return config.secret ?? readSecret(config.secretFile)
}

/** The database alone, for `migrate`: its schema may be old, and its secret not made yet. */
export async function openStore(
  config: Config,
  mode: 'serve' | 'cli',
  {
    timeoutMs = BUSY_TIMEOUT[mode],
    timer,
  }: { timeoutMs?: number | undefined; timer?: StatementTimer | undefined } = {},
): Promise<Db> {
  const { path, url, poolSize } = config.database
  if (url === undefined) {
    if (mode === 'cli' && !existsSync(path)) {
      throw new AuthdError('UNAVAILABLE', {
        message: `There is no database at ${path} yet. It is made by the first start.`,
        suggestions: ['authd init', 'authd serve --dev', 'authd config path'],
      })
    }
    makeFolder(dirname(path))
  }
  makeFolder(config.dataDir)
  return await openDatabase({
    path,
    url,
    poolSize,
    busyTimeoutMs: timeoutMs,
    ...(mode === 'cli' && { lockWaitMs: timeoutMs }),
    timer,
  })
}

/** Copies the SQLite file beside itself before its schema changes; undefined for an empty or a PostgreSQL database. */
export async function backupBeforeMigration(config: Config, stamp: string): Promise<string | undefined> {
  const { path, url } = config.database
  if (url !== undefined) return undefined
  const target = `${path}.before-migration-${stamp}`
  return (await backupSqlite(path, target)) ? target : undefined
}

/** `2026-11-25T05-30-00Z`: a time that may stand in a file's name. */
export function fileStamp(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replaceAll(':', '-').concat('Z')
}

/** Where the log is a file, the file; what it cannot take goes where the log would be without it. */
function openLog({ log: { file } }: Config, output: NodeJS.WriteStream): LogFile | undefined {
  if (file === undefined) return undefined
  try {
    return openLogFile(file, output)
  } catch (cause) {
    throw new AuthdError('CONFIG_INVALID', {
      message: `The log file ${file} cannot be opened: ${reasonOf(cause)}.`,
      suggestions: ['authd config reference log.file'],
      cause,
    })
  }
}

/** `permission denied`, of an error of the system's. */
function reasonOf(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined
  return typeof errno === 'number'
    ? getSystemErrorMessage(errno)
    : String(error instanceof Error ? error.message : error)
}

async function prepareSchema(
  config: Config,
  db: Db,
  { mode, log }: { mode: 'serve' | 'cli'; log: ProcessLog },
): Promise<void> {
  const { pending } = await checkSchema(db)
  if (pending.length === 0) return
  if (mode === 'cli' || !config.database.autoMigrate) {
    throw new AuthdError('SCHEMA_OUTDATED', {
      message: `The database needs ${pending.length} migrations first (${pending.join(', ')}).`,
      suggestions: ['authd migrate up', 'authd migrate status'],
    })
  }
  const now = systemClock.now()
  const backup = await backupBeforeMigration(config, fileStamp(now))
  const applied = await applyMigrations(db, now)
  log.info('migrated', { applied, ...(backup !== undefined && { backup }) })
}

/** The secret of the configuration or of its file. The file is made only where the database knows of none. */
async function serverSecret(config: Config, db: Db, early: string | undefined): Promise<Buffer> {
  const { secret, secretFile } = config
  const text = early ?? secret ?? readSecret(secretFile)
  if (text !== undefined) {
    if (Buffer.byteLength(text) < 32) {
      throw new AuthdError('CONFIG_INVALID', {
        message: `The server secret in ${secretFile} is shorter than 32 bytes.`,
      })
    }
    return Buffer.from(text)
  }
  if (await hasServerSecret(db)) {
    throw new AuthdError('SECRET_MISMATCH', {
      message: `The server secret ${secretFile} is missing, and the database was made with it. Put the file back: a new one could open nothing.`,
      suggestions: ['authd config show --section secret --origin'],
    })
  }
  return Buffer.from(createSecretFile(secretFile, systemRandom(systemClock)))
}

function readSecret(path: string): string | undefined {
  try {
    return readSecretFile(path)
  } catch (cause) {
    throw new AuthdError('NO_PERMISSION', {
      message: `The server secret ${path} cannot be read by this user.`,
      suggestions: ['run the command with sudo'],
      cause,
    })
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new AuthdError('NO_PERMISSION', {
      message: `The folder ${path} cannot be made by this user.`,
      suggestions: ['authd config reference data_dir', 'run the command with sudo'],
      cause,
    })
  }
}

/** Few commands post anything, and none need wait for what could. */
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
