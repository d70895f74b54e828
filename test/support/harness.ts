import { once } from 'node:events'
import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'
import { liveConfig } from '../../src/config/live-config.ts'
import { parseConfig } from '../../src/config/load.ts'
import type { Deps, Log, Mail } from '../../src/deps.ts'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { createCache } from '../../src/flows/cache.ts'
import { deliverNextMail } from '../../src/flows/outbox/mail-sending.ts'
import { deliverNextWebhook, queueWebhooks } from '../../src/flows/outbox/webhook-delivery.ts'
import { claimServerSecret } from '../../src/flows/server-secret.ts'
import { ensureKeys } from '../../src/flows/sessions/key-rotation.ts'
import { jwks } from '../../src/flows/sessions/signing-key.ts'
import { createApp } from '../../src/http/app.ts'
import { keysFrom } from '../../src/platform/derived-keys.ts'
import { createMetrics } from '../../src/platform/monitoring/metrics.ts'
import { type WebhookClient, webhookClient } from '../../src/platform/net/webhook-client.ts'
import { scryptHash } from '../../src/platform/slow-hash.ts'
import { builtInTexts } from '../../src/platform/texts/texts.ts'
import { toldTroubles } from '../../src/startup/log-troubles.ts'
import { type AuditLog, listAuditLogsAfter } from '../../src/store/audit-logs.ts'
import type { Dialect, StatementKind } from '../../src/store/db.ts'
import { openDatabase } from '../../src/store/open.ts'
import { watched } from '../../src/store/outage-watch.ts'
import { type FreshDatabase, freshDatabase } from './databases.ts'
import { capturingMailer, type FakeClock, fakeClock, seededRandom } from './fakes.ts'
import { Browser } from './http-client.ts'
import { inLockOrder } from './lock-order.ts'
import { type Expected, judgeTokensOf } from './verifiers.ts'

export const TEST_SECRET = 'a server secret for the tests, 32+ bytes'

/** scrypt at its lowest cost: the real one takes 60 ms on purpose. */
const CHEAP_HASH = scryptHash(2)

export interface Authd {
  deps: Deps
  /** public_url: `http://localhost:<port>`, unless the configuration says otherwise. */
  url: string
  /** Where this process listens: `http://127.0.0.1:<port>`. */
  address: string
  clock: FakeClock
  mailer: ReturnType<typeof capturingMailer>
  log: CapturedLog
  /** The kinds of the statements that ran since the last call, in their order. */
  takeStatements(): StatementKind[]
  /** Sends due mails. Returns the mails sent since the last call. */
  takeMail(): Promise<Mail[]>
  /** The same, of which it returns the newest with a link or code: notices that wait are sent after such mails. */
  takeProofMail(): Promise<Mail | undefined>
  /** Queues events for their endpoints and sends due deliveries one after the other. */
  sendWebhooks(): Promise<void>
  /** The audit log so far, sealed, oldest first. `metadata` has all of it, as operators see it. */
  auditLog(): Promise<AuditLog[]>
  /** A client with its own cookie jar. */
  browser(): Browser
  /** Stops this process and, if it began on a database of its own, removes that. Otherwise the end of the test does. */
  stop(): Promise<void>
  /** Another process on the same database, with extra configuration. */
  another(config?: Record<string, unknown>, other?: { secret?: string }): Promise<Authd>
}

export interface StartOptions {
  /** A fresh one of this kind, or this one. */
  database?: Dialect | FreshDatabase
  /** As in config.toml. */
  config?: Record<string, unknown>
  /** Replaces the log that keeps its lines. */
  log?: Log
  /** Replaces the real one. */
  webhooks?: WebhookClient
  /** Its server secret. */
  secret?: string
  /** The time of its clock in epoch milliseconds, for tests with programs that use the real time. */
  now?: number
}

/** A whole authd with a private database, clock and port, and captured mail. It stops after the test. */
export async function startAuthd({
  database = 'sqlite',
  config = {},
  log,
  now,
  webhooks = webhookClient(),
  secret = TEST_SECRET,
}: StartOptions = {}): Promise<Authd> {
  const fresh = typeof database === 'string' ? await freshDatabase(database) : database
  const removed = atMostOnce(() => fresh.remove())
  onTestFinished(removed)
  const clock = fakeClock(now)
  const authd = await startOn(fresh, { clock, config, log, webhooks, secret, seed: 'first' })
  return {
    ...authd,
    async stop() {
      await authd.stop()
      await removed()
    },
  }
}

async function startOn(
  fresh: FreshDatabase,
  {
    clock,
    config,
    log: logger,
    webhooks,
    secret,
    seed,
  }: { clock: FakeClock; seed: string } & Pick<Required<StartOptions>, 'config' | 'webhooks' | 'secret'> & {
      log: Log | undefined
    },
): Promise<Authd> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const parsed = parseConfig({
    public_url: `http://localhost:${address.port}`,
    smtp: { host: '127.0.0.1' },
    mail: { from: 'Example <no-reply@example.com>' },
    // A test uses one address and few users. Tests of limits set their own.
    limits: { requests_per_minute: 1_000_000, guesses_per_hour: 1_000_000, mails_per_hour: 1_000_000 },
    ...config,
  })
  const statements: StatementKind[] = []
  const opened = await openDatabase({ ...fresh.options, timer: (kind) => statements.push(kind) })
  // The server's clock is the real one, and that of the tests is not.
  const log = capturedLog()
  const metrics = createMetrics()
  const troubles = toldTroubles({ clock, log: logger ?? log, metrics })
  const inOrder = watched(inLockOrder(opened), troubles)
  const db = { ...inOrder, time: async () => (opened.dialect === 'postgres' ? clock.now() : undefined) }
  const random = seededRandom(clock, seed)
  const mailer = capturingMailer()
  const deps: Deps = {
    config: liveConfig(parsed),
    texts: { current: builtInTexts },
    db,
    cache: createCache(db),
    tally: new Map(),
    accepted: new Map(),
    nodeId: `node_${seed.replaceAll(' ', '_')}`,
    clock,
    random,
    keys: keysFrom(Buffer.from(secret), random),
    slowHash: CHEAP_HASH,
    mailer,
    webhooks,
    log: logger ?? log,
    metrics,
    troubles,
  }
  await claimServerSecret(deps)
  await ensureKeys(deps)
  const app = await createApp(deps, {
    version: '0.0.0-test',
    startedAt: clock.now(),
    isStopping: () => false,
    isDevelopment: false,
  })
  server.on('request', app.callback())
  const listening = `http://127.0.0.1:${address.port}`
  const judgeNone = judgeTokensOf(listening, () => expectedOf(deps))
  const stop = atMostOnce(async () => {
    judgeNone()
    server.closeAllConnections()
    server.close()
    webhooks.close()
    await db.close()
  })
  onTestFinished(stop)
  const url = parsed.publicUrl
  let others = 0
  async function takeMail(): Promise<Mail[]> {
    while (await deliverNextMail(deps)) {
      // Until nothing is due.
    }
    return mailer.sent.splice(0)
  }
  return {
    deps,
    url,
    address: listening,
    clock,
    mailer,
    log,
    takeStatements: () => statements.splice(0),
    takeMail,
    async takeProofMail() {
      const mails = await takeMail()
      return mails.findLast(({ values }) => 'code' in values) ?? mails.findLast(({ values }) => 'link' in values)
    },
    async sendWebhooks() {
      await sealAudit(deps)
      while (await queueWebhooks(deps)) {
        // Until all of the log is queued.
      }
      while (await deliverNextWebhook(deps)) {
        // Until nothing is due.
      }
    },
    async auditLog() {
      await sealAudit(deps)
      const rows = await db.read((sql) => listAuditLogsAfter(sql, {}, { after: 0, limit: 10_000 }))
      return rows.map((row) => ({ ...row, metadata: { ...row.metadata, ...row.personal } }))
    },
    browser: () => new Browser(url, listening),
    stop,
    another: (more = {}, other = {}) =>
      startOn(fresh, {
        clock,
        config: { ...config, public_url: url, ...more },
        log: logger,
        webhooks,
        secret: other.secret ?? secret,
        seed: `${seed} another ${++others}`,
      }),
  }
}

/** What a verifier expects of a new token of this process. */
async function expectedOf(deps: Deps): Promise<Expected> {
  const { publicUrl, tokens } = deps.config.current()
  const { audience, typ, algorithm, hs256Secret } = tokens
  const sharedSecret = algorithm === 'HS256' ? hs256Secret : undefined
  const { keys } = await jwks(deps)
  return { keys, issuer: publicUrl, audience, typ, sharedSecret, now: deps.clock.now() }
}

function atMostOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

interface CapturedLog extends Log {
  lines: { level: string; message: string; fields: Record<string, unknown> | undefined }[]
}

function capturedLog(): CapturedLog {
  const lines: CapturedLog['lines'] = []
  const at = (level: string) => (message: string, fields?: Record<string, unknown>) => {
    lines.push({ level, message, fields })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
