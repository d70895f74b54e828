import type { Config } from './config/schema.ts'
import type { MailTemplate } from './mails.ts'
import type { Clock } from './platform/clock.ts'
import type { Keys } from './platform/keys.ts'
import type { Metrics } from './platform/monitoring/metrics.ts'
import type { WebhookClient } from './platform/net/webhook-client.ts'
import type { Random } from './platform/random.ts'
import type { SlowHash } from './platform/secret.ts'
import type { LiveTexts } from './platform/texts/texts.ts'
import type { ChangeTopic } from './store/change-epochs.ts'
import type { Db, Sql } from './store/db.ts'

/** Everything that a flow may use of the world. startup/wire.ts builds it, and so does the tests' harness. */
export interface Deps {
  config: LiveConfig
  texts: LiveTexts
  db: Db
  cache: Cache
  /** Counts against limits that may reach the database a second late; flows/limits/rate-limit.ts. */
  tally: Map<string, number>
  clock: Clock
  random: Random
  keys: Keys
  slowHash: SlowHash
  mailer: Mailer
  webhooks: WebhookClient
  log: Log
  metrics: Metrics
}

export interface LiveConfig {
  /** One frozen value; a flow takes it once, at its top. A reload or a live setting changes what the next call answers. */
  current(): Config
  /** Lays these live settings over what the file says. One that makes no sense counts for nothing. */
  override(settings: readonly { key: string; value: string }[]): void
  /** Every key that can be set while authd runs, with what is in force, as the file would write it. */
  live(): { key: string; value: unknown }[]
  /** Why a text cannot be the setting of a key, in one sentence; undefined: it can. */
  refuse(key: string, text: string): { isNoKey: boolean; message: string } | undefined
}

/** What a process keeps of the database. It may be a second old: jobs/list.ts looks at the epochs that often. */
export interface Cache {
  /** Loaded once, and again after the topic's epoch has moved. */
  of<Value>(topic: ChangeTopic, load: (sql: Sql) => Promise<Value>): Promise<Value>
  /** Looks at the epochs now. */
  refresh(): Promise<void>
}

export interface Mail {
  /** Same over all tries, so that a mail sent twice after a crash is recognised as one. */
  messageId: string
  /** A canonical address: envelope and header are made from it alone. */
  to: string
  template: MailTemplate
  lang: string
  /** What the template may show; every value is escaped. */
  values: Record<string, string>
}

export interface Mailer {
  /** Resolves when the relay has accepted the mail, with its answer. Throws MailError (platform/mail-error.ts) otherwise. */
  send(mail: Mail): Promise<string>
  close(): Promise<void>
}

export type LogFields = Record<string, unknown>

/** Messages are constant; what varies is in the fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
