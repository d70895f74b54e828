import { latestEnd } from '../platform/clock.ts'
import { forUpdate, type Sql, type Trx } from './db.ts'
import { hasDueWebhook } from './outbox-deliveries.ts'
import { flag, integer, json, type NewRow, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'

/** Why an endpoint gets nothing: an operator paused it, it said that it is gone, or it failed for days. */
export type PauseReason = 'operator' | 'gone' | 'failing'

const webhookEndpoints = table(
  'webhook_endpoints',
  {
    id: text,
    url: text,
    description: text,
    /** `session.*`, `user.registered`: a star stands for anything. */
    events: json<string[]>(),
    /** An operator lets it be in a private network, and without TLS. */
    allowsPrivate: flag,
    secretSealed: text,
    /** While secrets rotate, the one before signs too, until then. */
    previousSecretSealed: nullable(text),
    previousUntil: nullable(integer),
    createdAt: integer,
    createdBy: text,
    pausedAt: nullable(integer),
    pauseReason: nullable(word<PauseReason>()),
    /** The last event whose delivery is queued, by its number in the audit log. */
    cursorSeq: integer,
    /** Failed tries since the last good one. */
    failures: integer,
    failingSince: nullable(integer),
    /** Nothing is tried before. */
    retryAt: integer,
    /** The lease of the worker that is delivering: one at a time. */
    busyUntil: integer,
    lastSuccessAt: nullable(integer),
    /** The node that is delivering to it. */
    owner: nullable(text),
  },
  {
    defaulted: [
      'previousSecretSealed',
      'previousUntil',
      'pausedAt',
      'pauseReason',
      'failures',
      'failingSince',
      'retryAt',
      'busyUntil',
      'lastSuccessAt',
      'owner',
    ],
  },
)

export type WebhookEndpoint = RowOf<typeof webhookEndpoints>

/** False: there is one of this id. */
export async function insertWebhookEndpoint(trx: Trx, endpoint: NewRow<typeof webhookEndpoints>): Promise<boolean> {
  const inserted = await trx.run(
    `${webhookEndpoints.insert} ON CONFLICT (id) DO NOTHING`,
    webhookEndpoints.values(endpoint),
  )
  return inserted === 1
}

/** In the order of their making. */
export async function listWebhookEndpoints(sql: Sql): Promise<WebhookEndpoint[]> {
  return (
    await sql.all<StoredRow>(`SELECT ${webhookEndpoints.columns} FROM webhook_endpoints ORDER BY id LIMIT 1000`)
  ).map(webhookEndpoints.read)
}

export async function findWebhookEndpoint(sql: Sql, id: string): Promise<WebhookEndpoint | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${webhookEndpoints.columns} FROM webhook_endpoints WHERE id = ?`, [id])
  return webhookEndpoints.readOne(row)
}

/** Holds the row until the unit ends. */
export async function lockWebhookEndpoint(trx: Trx, id: string): Promise<WebhookEndpoint | undefined> {
  const row = await trx.one<StoredRow>(
    `SELECT ${webhookEndpoints.columns} FROM webhook_endpoints WHERE id = ?${forUpdate(trx)}`,
    [id],
  )
  return webhookEndpoints.readOne(row)
}

/** Endpoints that are not paused and whose deliveries are not queued up to the end of the log. */
export async function listWebhookEndpointsBehind(sql: Sql): Promise<string[]> {
  const rows = await sql.all<{ id: string }>(
    `SELECT id FROM webhook_endpoints WHERE paused_at IS NULL AND cursor_seq < (SELECT seq FROM audit_head)
     ORDER BY id`,
  )
  return rows.map(({ id }) => id)
}

/** An endpoint that is busy until after any lease was taken by a clock that was wrong. */
const IS_DUE = `paused_at IS NULL AND retry_at <= ? AND (busy_until <= ? OR busy_until > ?) AND
  ${hasDueWebhook('webhook_endpoints.id')}`

/** Is there an endpoint that may be delivered to, and that something is due for? */
export async function hasDueWebhookEndpoint(
  sql: Sql,
  { now, busyUntil }: { now: number; busyUntil: number },
): Promise<boolean> {
  const values = [now, now, latestEnd(busyUntil, 0), now]
  return (await sql.one(`SELECT 1 FROM webhook_endpoints WHERE ${IS_DUE} LIMIT 1`, values)) !== undefined
}

/** Takes the one that has waited longest, so that no other worker delivers to it before `busyUntil`. */
export async function claimWebhookEndpoint(
  trx: Trx,
  { owner, now, busyUntil }: { owner: string; now: number; busyUntil: number },
): Promise<WebhookEndpoint | undefined> {
  const skipLocked = trx.dialect === 'postgres' ? ' FOR UPDATE SKIP LOCKED' : ''
  const row = await trx.one<StoredRow>(
    `UPDATE webhook_endpoints SET busy_until = ?, owner = ? WHERE id =
       (SELECT id FROM webhook_endpoints WHERE ${IS_DUE} ORDER BY busy_until, id LIMIT 1${skipLocked})
     RETURNING ${webhookEndpoints.columns}`,
    [busyUntil, owner, now, now, latestEnd(busyUntil, 0), now],
  )
  return webhookEndpoints.readOne(row)
}

/** How delivering to it stands after a try. False: its lease had run out, and another worker has it. */
export async function releaseWebhookEndpoint(
  trx: Trx,
  {
    id,
    busyUntil,
    ...health
  }: Pick<WebhookEndpoint, 'id' | 'busyUntil' | 'failures' | 'failingSince' | 'retryAt' | 'lastSuccessAt'>,
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE webhook_endpoints SET busy_until = 0, owner = NULL, failures = ?, failing_since = ?, retry_at = ?, last_success_at = ?
     WHERE id = ? AND busy_until = ?`,
    [health.failures, health.failingSince, health.retryAt, health.lastSuccessAt, id, busyUntil],
  )
  return changed === 1
}

/** The nodes that are delivering. */
export async function listWebhookOwners(sql: Sql): Promise<string[]> {
  const rows = await sql.all<{ owner: string }>(
    'SELECT DISTINCT owner FROM webhook_endpoints WHERE owner IS NOT NULL ORDER BY owner LIMIT 1000',
  )
  return rows.map(({ owner }) => owner)
}

/** The endpoints that a node was delivering to when it died are free. */
export async function releaseWebhooksOf(trx: Trx, owner: string): Promise<number> {
  return await trx.run('UPDATE webhook_endpoints SET busy_until = 0, owner = NULL WHERE owner = ?', [owner])
}

export async function moveWebhookCursor(trx: Trx, { id, seq }: { id: string; seq: number }): Promise<void> {
  trx.send('UPDATE webhook_endpoints SET cursor_seq = ? WHERE id = ?', [seq, id])
}

/** What an operator may change of it. */
export async function updateWebhookEndpoint(
  trx: Trx,
  endpoint: Pick<WebhookEndpoint, 'id' | 'url' | 'description' | 'events' | 'allowsPrivate'>,
): Promise<void> {
  trx.send('UPDATE webhook_endpoints SET url = ?, description = ?, events = ?, allows_private = ? WHERE id = ?', [
    endpoint.url,
    endpoint.description,
    JSON.stringify(endpoint.events),
    endpoint.allowsPrivate ? 1 : 0,
    endpoint.id,
  ])
}

export async function pauseWebhookEndpoint(
  trx: Trx,
  input: { id: string; now: number; reason: PauseReason },
): Promise<boolean> {
  const changed = await trx.run(
    'UPDATE webhook_endpoints SET paused_at = ?, pause_reason = ? WHERE id = ? AND paused_at IS NULL',
    [input.now, input.reason, input.id],
  )
  return changed === 1
}

/** It starts with a clean slate. */
export async function resumeWebhookEndpoint(trx: Trx, id: string): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE webhook_endpoints SET paused_at = NULL, pause_reason = NULL, failures = 0, failing_since = NULL, retry_at = 0
     WHERE id = ? AND paused_at IS NOT NULL`,
    [id],
  )
  return changed === 1
}

export async function replaceWebhookSecret(
  trx: Trx,
  input: { id: string; secretSealed: string; previousSecretSealed: string; previousUntil: number },
): Promise<void> {
  trx.send(
    `UPDATE webhook_endpoints SET secret_sealed = ?, previous_secret_sealed = ?, previous_until = ? WHERE id = ?`,
    [input.secretSealed, input.previousSecretSealed, input.previousUntil, input.id],
  )
}

export async function deleteWebhookEndpoint(trx: Trx, id: string): Promise<boolean> {
  return (await trx.run('DELETE FROM webhook_endpoints WHERE id = ?', [id])) === 1
}
