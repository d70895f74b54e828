import type { Sql, Trx, Value } from './db.ts'
import { type IdSpan, spanConditions } from './id-spans.ts'

/** `pending` is waiting or under way (a lease is a due time in the future); the rest is final. */
export type OutboxState = 'pending' | 'sent' | 'failed' | 'expired' | 'cancelled'

export interface OutboxMail {
  id: string
  state: OutboxState
  /** Written where no mail may be sent, so that the work is the same for everybody; never sent, never shown. */
  isDecoy: boolean
  recipient: string
  template: string
  lang: string
  /** Values of the template, sealed; null once done. */
  bodySealed: string | null
  attemptId: string | null
  createdAt: number
  dueAt: number
  expiresAt: number
  tries: number
  finishedAt: number | null
  lastError: string | null
}

interface OutboxRow {
  id: string
  state: string
  is_decoy: number
  recipient: string
  template: string
  lang: string
  body_sealed: string | null
  attempt_id: string | null
  created_at: number
  due_at: number
  expires_at: number
  tries: number
  finished_at: number | null
  last_error: string | null
}

export async function insertOutboxMail(
  trx: Trx,
  mail: Omit<OutboxMail, 'state' | 'tries' | 'finishedAt' | 'lastError' | 'dueAt'>,
): Promise<void> {
  await trx.run(
    `INSERT INTO outbox (id, kind, state, is_decoy, recipient, template, lang, body_sealed, attempt_id, created_at,
       due_at, expires_at) VALUES (?, 'mail', 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      mail.id,
      mail.isDecoy ? 1 : 0,
      mail.recipient,
      mail.template,
      mail.lang,
      mail.bodySealed,
      mail.attemptId,
      mail.createdAt,
      mail.createdAt,
      mail.expiresAt,
    ],
  )
}

/** A newer mail of the same attempt replaces what still waits. */
export async function cancelAttemptMail(trx: Trx, input: { attemptId: string; now: number }): Promise<number> {
  return await trx.run(
    `UPDATE outbox SET state = 'cancelled', body_sealed = NULL, finished_at = ?
     WHERE attempt_id = ? AND state = 'pending'`,
    [input.now, input.attemptId],
  )
}

/** What still waits for this address: its person was disabled or deleted. */
export async function cancelMailTo(trx: Trx, input: { recipient: string; now: number }): Promise<number> {
  return await trx.run(
    `UPDATE outbox SET state = 'cancelled', body_sealed = NULL, finished_at = ?
     WHERE state = 'pending' AND recipient = ?`,
    [input.now, input.recipient],
  )
}

/**
 * Takes due rows and pushes their due time to `leaseUntil`, so that nobody else takes them before; a killed process
 * loses nothing. Oldest first. Counts the try.
 */
export async function claimOutbox(
  trx: Trx,
  input: { now: number; leaseUntil: number; limit: number },
): Promise<OutboxMail[]> {
  const skipLocked = trx.dialect === 'postgres' ? ' FOR UPDATE SKIP LOCKED' : ''
  const rows = await trx.all<OutboxRow>(
    `UPDATE outbox SET due_at = ?, tries = tries + 1 WHERE id IN
       (SELECT id FROM outbox WHERE state = 'pending' AND due_at <= ? ORDER BY due_at, id LIMIT ?${skipLocked})
     RETURNING *`,
    [input.leaseUntil, input.now, input.limit],
  )
  return rows.map(fromRow).sort((left, right) => (left.id < right.id ? -1 : 1))
}

/** Only while the lease of this try holds: another process that took the row over decides then. */
export async function finishOutbox(
  trx: Trx,
  input: {
    id: string
    tries: number
    state: OutboxState
    now: number
    error: string | null
  },
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE outbox SET state = ?, body_sealed = NULL, finished_at = ?, last_error = ?
     WHERE id = ? AND state = 'pending' AND tries = ?`,
    [input.state, input.now, input.error, input.id, input.tries],
  )
  return changed === 1
}

export async function postponeOutbox(
  trx: Trx,
  input: { id: string; tries: number; dueAt: number; error: string },
): Promise<boolean> {
  const changed = await trx.run(
    "UPDATE outbox SET due_at = ?, last_error = ? WHERE id = ? AND state = 'pending' AND tries = ?",
    [input.dueAt, input.error, input.id, input.tries],
  )
  return changed === 1
}

export async function deleteOutboxMail(trx: Trx, id: string): Promise<void> {
  await trx.run('DELETE FROM outbox WHERE id = ?', [id])
}

/** When the next row is due; undefined: nothing waits. */
export async function findNextDue(sql: Sql): Promise<number | undefined> {
  const row = await sql.one<{ due_at: number | null }>(
    "SELECT min(due_at) AS due_at FROM outbox WHERE state = 'pending'",
  )
  return row?.due_at ?? undefined
}

export interface OutboxFilter extends IdSpan {
  state?: OutboxState | undefined
}

/** Newest first, decoys left out. */
export async function listOutbox(sql: Sql, filter: OutboxFilter, limit: number, offset = 0): Promise<OutboxMail[]> {
  const { where, values } = conditions(filter)
  const page = [...values, limit, offset]
  const rows = await sql.all<OutboxRow>(`SELECT * FROM outbox ${where} ORDER BY id DESC LIMIT ? OFFSET ?`, page)
  return rows.map(fromRow)
}

export async function findLastMailTo(sql: Sql, recipient: string): Promise<OutboxMail | undefined> {
  const row = await sql.one<OutboxRow>(
    'SELECT * FROM outbox WHERE recipient = ? AND is_decoy = 0 ORDER BY id DESC LIMIT 1',
    [recipient],
  )
  return row && fromRow(row)
}

export async function countOutbox(sql: Sql, filter: OutboxFilter): Promise<number> {
  const { where, values } = conditions(filter)
  const row = await sql.one<{ n: number }>(`SELECT count(*) AS n FROM outbox ${where}`, values)
  return Number(row?.n ?? 0)
}

export async function deleteOutboxBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run('DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE finished_at < ? LIMIT ?)', [
    before,
    limit,
  ])
}

function conditions({ state, ...span }: OutboxFilter): { where: string; values: Value[] } {
  const parts = [...(state === undefined ? [] : [{ text: 'state = ?', value: state }]), ...spanConditions('id', span)]
  return {
    where: `WHERE ${['is_decoy = 0', ...parts.map(({ text }) => text)].join(' AND ')}`,
    values: parts.map(({ value }) => value),
  }
}

function fromRow(row: OutboxRow): OutboxMail {
  return {
    id: row.id,
    state: row.state as OutboxState,
    isDecoy: row.is_decoy === 1,
    recipient: row.recipient,
    template: row.template,
    lang: row.lang,
    bodySealed: row.body_sealed,
    attemptId: row.attempt_id,
    createdAt: row.created_at,
    dueAt: row.due_at,
    expiresAt: row.expires_at,
    tries: row.tries,
    finishedAt: row.finished_at,
    lastError: row.last_error,
  }
}
