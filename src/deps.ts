import type { Config } from './config/schema.ts'
import type { MailTemplate } from './mails.ts'
import type { Clock } from './platform/clock.ts'
import type { Keys } from './platform/derived-keys.ts'
import type { Metrics } from './platform/monitoring/metrics.ts'
import type { WebhookClient } from './platform/net/webhook-client.ts'
import type { Random } from './platform/random.ts'
import type { SlowHash } from './platform/slow-hash.ts'
import type { LiveTexts } from './platform/texts/texts.ts'
import type { Troubles } from './platform/troubles.ts'
import type { ChangeTopic } from './store/change-epochs.ts'
import type { Db, Sql } from './store/db.ts'

/** Everything that a flow uses of the outside world. startup/wire.ts builds it, and so does the tests' harness. */
export interface Deps {
  config: LiveConfig
  texts: LiveTexts
  db: Db
  cache: Cache
  /** Counts that reach the database up to a second late; flows/limits/rate-limit.ts. */
  tally: Map<string, number>
  /** This process among those on the database, for leases. */
  nodeId: string
  /** By mail id, answers of the mail server that could not be written yet; flows/outbox/mail-sending.ts. */
  accepted: Map<string, string>
  clock: Clock
  random: Random
  keys: Keys
  slowHash: SlowHash
  mailer: Mailer
  webhooks: WebhookClient
  log: Log
  metrics: Metrics
  troubles: Troubles
}

/** What a daemon has before it could read its database. */
export type EarlyDeps = Pick<Deps, 'config' | 'texts' | 'clock' | 'random' | 'log' | 'troubles'>

export interface LiveConfig {
  /**
   * One frozen value. A flow reads it once, at its top. A reload or a live setting changes what the next call returns.
   */
  current(): Config
  /** Applies live settings over the file's values. An invalid one is ignored. */
  override(settings: readonly { key: string; value: string }[]): void
  /** Every live key with the value in force and that without live settings, as the file would write it. */
  live(): { key: string; value: unknown; configured: unknown }[]
  /** Says in one sentence why a text cannot be the value of a key. Undefined if it can. */
  refuse(key: string, text: string): { isKey: boolean; message: string } | undefined
}

/** What a process caches of the database; flows/cache.ts says how old it may be. */
export interface Cache {
  /** Loads a value once, and again after the epoch of its topic has moved. */
  of<Value>(topic: ChangeTopic, load: (sql: Sql) => Promise<Value>): Promise<Value>
  /** Compares the epochs now. */
  refresh(): Promise<void>
}

export interface Mail {
  /** Every try uses the same Message-ID, so that a mail server recognises a mail sent twice after a crash. */
  messageId: string
  /** A canonical address. Envelope and header are made from it alone. */
  to: string
  template: MailTemplate
  lang: string
  /** The values that the template may show. Each is escaped. */
  values: Record<string, string>
}

export interface Mailer {
  /**
   * Resolves with the mail server's answer once it has accepted the mail. Throws MailError (platform/mail-error.ts)
   * otherwise. `limit` ends the whole try, and cuts its connection, so that the mail is not accepted later.
   */
  send(mail: Mail, limit: AbortSignal): Promise<string>
  close(): Promise<void>
}

export type LogFields = Record<string, unknown>

/** Messages are constant. What varies goes into fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
