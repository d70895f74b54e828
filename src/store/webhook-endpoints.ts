import { forUpdate, placeholders, type Sql, type Trx } from './db.ts'

/** Why an endpoint gets nothing: an operator paused it, it said that it is gone, or it failed for days. */
export type PauseReason = 'operator' | 'gone' | 'failing'

export interface WebhookEndpoint {
  id: string
  url: string
  description: string
  /** `session.*`, `user.registered`: a star stands for anything. */
  events: string[]
  /** An operator lets it be in a private network, and without TLS. */
  allowsPrivate: boolean
  secretSealed: string
  /** While secrets rotate, the one before signs too, until then. */
  previousSecretSealed: string | null
  previousUntil: number | null
  createdAt: number
  createdBy: string
  pausedAt: number | null
  pauseReason: PauseReason | null
  /** The last event whose delivery is queued, by its number in the audit log. */
  cursorSeq: number
  /** Failed tries since the last good one. */
  failures: number
  failingSince: number | null
  /** Nothing is tried before. */
  retryAt: number
  /** The lease of the worker that is delivering: one at a time. */
  busyUntil: number
  lastSuccessAt: number | null
}

interface WebhookEndpointRow {
  id: string
  url: string
  description: string
  events: string
  allows_private: number
  secret_sealed: string
  previous_secret_sealed: string | null
  previous_until: number | null
  created_at: number
  created_by: string
  paused_at: number | null
  pause_reason: string | null
  cursor_seq: number
  failures: number
  failing_since: number | null
  retry_at: number
  busy_until: number
  last_success_at: number | null
}

/** False: there is one of this id. */
export async function insertWebhookEndpoint(
  trx: Trx,
  endpoint: Pick<
    WebhookEndpoint,
    'id' | 'url' | 'description' | 'events' | 'allowsPrivate' | 'secretSealed' | 'createdAt' | 'createdBy' | 'cursorSeq'
  >,
): Promise<boolean> {
  const inserted = await trx.run(
    `INSERT INTO webhook_endpoints (id, url, description, events, allows_private, secret_sealed, created_at, created_by,
       cursor_seq) VALUES ${placeholders(9)} ON CONFLICT (id) DO NOTHING`,
    [
      endpoint.id,
      endpoint.url,
      endpoint.description,
      JSON.stringify(endpoint.events),
      endpoint.allowsPrivate ? 1 : 0,
      endpoint.secretSealed,
      endpoint.createdAt,
      endpoint.createdBy,
      endpoint.cursorSeq,
    ],
  )
  return inserted === 1
}

/** In the order of their making. */
export async function listWebhookEndpoints(sql: Sql): Promise<WebhookEndpoint[]> {
  return (await sql.all<WebhookEndpointRow>('SELECT * FROM webhook_endpoints ORDER BY id LIMIT 1000')).map(fromRow)
}

export async function findWebhookEndpoint(sql: Sql, id: string): Promise<WebhookEndpoint | undefined> {
  const row = await sql.one<WebhookEndpointRow>('SELECT * FROM webhook_endpoints WHERE id = ?', [id])
  return row && fromRow(row)
}

/** Holds the row until the unit ends. */
export async function lockWebhookEndpoint(trx: Trx, id: string): Promise<WebhookEndpoint | undefined> {
  const row = await trx.one<WebhookEndpointRow>(`SELECT * FROM webhook_endpoints WHERE id = ?${forUpdate(trx)}`, [id])
  return row && fromRow(row)
}

/** Endpoints that are not paused and whose deliveries are not queued up to the end of the log. */
export async function listWebhookEndpointsBehind(sql: Sql): Promise<string[]> {
  const rows = await sql.all<{ id: string }>(
    `SELECT id FROM webhook_endpoints WHERE paused_at IS NULL AND cursor_seq < (SELECT seq FROM audit_head)
     ORDER BY id`,
  )
  return rows.map(({ id }) => id)
}

const IS_DUE = `paused_at IS NULL AND retry_at <= ? AND busy_until <= ? AND EXISTS
  (SELECT 1 FROM outbox WHERE state = 'pending' AND kind = 'webhook' AND recipient = webhook_endpoints.id
     AND due_at <= ?)`

/** Is there an endpoint that may be delivered to, and that something is due for? */
export async function hasDueWebhookEndpoint(sql: Sql, now: number): Promise<boolean> {
  return (await sql.one(`SELECT 1 FROM webhook_endpoints WHERE ${IS_DUE} LIMIT 1`, [now, now, now])) !== undefined
}

/** Takes the one that has waited longest, so that nobody else delivers to it before `busyUntil`. */
export async function claimWebhookEndpoint(
  trx: Trx,
  { now, busyUntil }: { now: number; busyUntil: number },
): Promise<WebhookEndpoint | undefined> {
  const skipLocked = trx.dialect === 'postgres' ? ' FOR UPDATE SKIP LOCKED' : ''
  const row = await trx.one<WebhookEndpointRow>(
    `UPDATE webhook_endpoints SET busy_until = ? WHERE id =
       (SELECT id FROM webhook_endpoints WHERE ${IS_DUE} ORDER BY busy_until, id LIMIT 1${skipLocked})
     RETURNING *`,
    [busyUntil, now, now, now],
  )
  return row && fromRow(row)
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
    `UPDATE webhook_endpoints SET busy_until = 0, failures = ?, failing_since = ?, retry_at = ?, last_success_at = ?
     WHERE id = ? AND busy_until = ?`,
    [health.failures, health.failingSince, health.retryAt, health.lastSuccessAt, id, busyUntil],
  )
  return changed === 1
}

export async function moveWebhookCursor(trx: Trx, { id, seq }: { id: string; seq: number }): Promise<void> {
  await trx.run('UPDATE webhook_endpoints SET cursor_seq = ? WHERE id = ?', [seq, id])
}

/** What an operator may change of it. */
export async function updateWebhookEndpoint(
  trx: Trx,
  endpoint: Pick<WebhookEndpoint, 'id' | 'url' | 'description' | 'events' | 'allowsPrivate'>,
): Promise<void> {
  await trx.run('UPDATE webhook_endpoints SET url = ?, description = ?, events = ?, allows_private = ? WHERE id = ?', [
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
  await trx.run(
    `UPDATE webhook_endpoints SET secret_sealed = ?, previous_secret_sealed = ?, previous_until = ? WHERE id = ?`,
    [input.secretSealed, input.previousSecretSealed, input.previousUntil, input.id],
  )
}

export async function deleteWebhookEndpoint(trx: Trx, id: string): Promise<boolean> {
  return (await trx.run('DELETE FROM webhook_endpoints WHERE id = ?', [id])) === 1
}

function fromRow(row: WebhookEndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: JSON.parse(row.events) as string[],
    allowsPrivate: row.allows_private === 1,
    secretSealed: row.secret_sealed,
    previousSecretSealed: row.previous_secret_sealed,
    previousUntil: row.previous_until,
    createdAt: row.created_at,
    createdBy: row.created_by,
    pausedAt: row.paused_at,
    pauseReason: row.pause_reason as PauseReason | null,
    cursorSeq: row.cursor_seq,
    failures: row.failures,
    failingSince: row.failing_since,
    retryAt: row.retry_at,
    busyUntil: row.busy_until,
    lastSuccessAt: row.last_success_at,
  }
}
