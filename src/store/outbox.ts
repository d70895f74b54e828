import { latestEnd } from '../platform/clock.ts'
import type { Sql, Trx, Value } from './db.ts'
import { type IdSpan, spanConditions } from './id-spans.ts'
import { flag, integer, type NewRow, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'

export type OutboxKind = 'mail' | 'webhook'

/** `pending` is waiting or under way (a lease is a due time in the future); the rest is over. */
export type OutboxState = 'pending' | 'sent' | 'failed' | 'expired' | 'cancelled'

/** The table of mails and deliveries. Statements about deliveries alone are in outbox-deliveries.ts. */
export const outbox = table(
  'outbox',
  {
    id: text,
    kind: word<OutboxKind>(),
    state: word<OutboxState>(),
    /** Written where no mail may be sent, so that the work is the same for everybody; never sent, never shown. */
    isDecoy: flag,
    /** A mail's address, or a webhook's endpoint. */
    recipient: text,
    /** The template of a mail, or the event type of a webhook. */
    template: text,
    lang: text,
    /** Values of a mail's template, sealed; null once it is over. A webhook's body is made from its event. */
    bodySealed: nullable(text),
    attemptId: nullable(text),
    /** The event that a webhook tells: its number in the audit log. */
    eventSeq: nullable(integer),
    createdAt: integer,
    dueAt: integer,
    expiresAt: integer,
    tries: integer,
    finishedAt: nullable(integer),
    lastError: nullable(text),
    /** The user of the mail was deleted while it waited: the row is deleted once it is over. */
    isErased: flag,
    /** Somebody waits for the mail in front of a form. */
    isAwaited: flag,
    /** The node that is sending it. */
    owner: nullable(text),
  },
  { defaulted: ['tries', 'finishedAt', 'lastError', 'isErased', 'owner'] },
)

export type OutboxItem = RowOf<typeof outbox>

/** Queues an item that is due at once. */
export async function insertOutbox(trx: Trx, item: Omit<NewRow<typeof outbox>, 'state' | 'dueAt'>): Promise<void> {
  trx.send(outbox.insert, outbox.values({ ...item, state: 'pending', dueAt: item.createdAt }))
}

export const CANCEL = `UPDATE outbox SET state = 'cancelled', body_sealed = NULL, finished_at = ? WHERE state = 'pending' AND`

/** Cancels the waiting mails of an attempt, before a newer one is queued. */
export async function cancelAttemptMail(trx: Trx, input: { attemptId: string; now: number }): Promise<void> {
  trx.send(`${CANCEL} attempt_id = ?`, [input.now, input.attemptId])
}

/**
 * What still waits for this address and is worthless now: mails of attempts, and invitations. A notice of what was done
 * still goes out, or a thief could suppress it.
 */
export async function cancelProofMailTo(trx: Trx, input: { recipient: string; now: number }): Promise<number> {
  const isProof = "(attempt_id IS NOT NULL OR template = 'invitation')"
  return await trx.run(`${CANCEL} kind = 'mail' AND recipient = ? AND ${isProof}`, [input.now, input.recipient])
}

/** Cancels every waiting mail. Returns their number. */
export async function cancelAllMail(trx: Trx, now: number): Promise<number> {
  return await trx.run(`${CANCEL} kind = 'mail'`, [now])
}

/** False: it was over before. */
export async function cancelOutbox(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  return (await trx.run(`${CANCEL} id = ?`, [input.now, input.id])) === 1
}

/**
 * Takes the mail that has been due longest, of those that somebody waits for if any is due, and pushes its due time to
 * `leaseUntil`, so that no other worker takes it before; a killed process loses nothing. A mail that waits for more than
 * `longestMs` was put off by a clock that was wrong, and is due. Counts the try.
 */
export async function claimMail(
  trx: Trx,
  { owner, now, leaseUntil, longestMs }: { owner: string; now: number; leaseUntil: number; longestMs: number },
): Promise<OutboxItem | undefined> {
  const skipLocked = trx.dialect === 'postgres' ? ' FOR UPDATE SKIP LOCKED' : ''
  const first = (isAwaited: 0 | 1, when: string) =>
    `(SELECT id FROM outbox WHERE state = 'pending' AND kind = 'mail' AND is_awaited = ${isAwaited} AND ${when}
      ORDER BY due_at, id LIMIT 1${skipLocked})`
  const late = latestEnd(now, longestMs)
  const row = await trx.one<StoredRow>(
    `UPDATE outbox SET due_at = ?, owner = ?, tries = tries + 1
     WHERE id = COALESCE(${first(1, 'due_at <= ?')}, ${first(1, 'due_at > ?')}, ${first(0, 'due_at <= ?')},
       ${first(0, 'due_at > ?')}) RETURNING ${outbox.columns}`,
    [leaseUntil, owner, now, late, now, late],
  )
  return outbox.readOne(row)
}

/** Undoes a claim: the mail is due again, for others. */
export async function releaseMail(trx: Trx, input: { id: string; owner: string; dueAt: number }): Promise<number> {
  return await trx.run(
    "UPDATE outbox SET owner = NULL, due_at = ?, tries = tries - 1 WHERE id = ? AND owner = ? AND state = 'pending'",
    [input.dueAt, input.id, input.owner],
  )
}

/** The nodes that are sending mails. */
export async function listOutboxOwners(sql: Sql): Promise<string[]> {
  const rows = await sql.all<{ owner: string }>(
    'SELECT DISTINCT owner FROM outbox WHERE owner IS NOT NULL ORDER BY owner LIMIT 1000',
  )
  return rows.map(({ owner }) => owner)
}

/** Makes the items due now that a node was sending when it died. */
export async function releaseOutboxOf(trx: Trx, input: { owner: string; now: number }): Promise<number> {
  return await trx.run("UPDATE outbox SET owner = NULL, due_at = ? WHERE owner = ? AND state = 'pending'", [
    input.now,
    input.owner,
  ])
}

/**
 * It was accepted, so it is over, even if another process has taken it over since or has given it up. False: it was
 * cancelled, or accepted before.
 */
export async function acceptOutbox(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE outbox SET state = 'sent', body_sealed = NULL, owner = NULL, finished_at = ?, last_error = NULL
     WHERE id = ? AND state IN ('pending', 'expired')`,
    [input.now, input.id],
  )
  return changed === 1
}

/** Finishes an item, but only while this try counts. A process that has taken over the row decides instead. */
export async function finishOutbox(
  trx: Trx,
  input: { id: string; tries: number; state: OutboxState; now: number; error: string | null },
): Promise<boolean> {
  // A failed mail keeps its body until it expires, so that an operator may try it again.
  const changed = await trx.run(
    `UPDATE outbox SET state = ?, owner = NULL, body_sealed = CASE WHEN ? = 'failed' THEN body_sealed END, finished_at = ?,
       last_error = ? WHERE id = ? AND state = 'pending' AND tries = ?`,
    [input.state, input.state, input.now, input.error, input.id, input.tries],
  )
  return changed === 1
}

export async function postponeOutbox(
  trx: Trx,
  input: { id: string; tries: number; dueAt: number; error: string },
): Promise<boolean> {
  const changed = await trx.run(
    "UPDATE outbox SET due_at = ?, owner = NULL, last_error = ? WHERE id = ? AND state = 'pending' AND tries = ?",
    [input.dueAt, input.error, input.id, input.tries],
  )
  return changed === 1
}

/** Puts an item that is over back to wait; its tries begin anew. */
export async function requeueOutbox(
  trx: Trx,
  input: { id: string; now: number; expiresAt: number },
): Promise<OutboxItem | undefined> {
  const row = await trx.one<StoredRow>(
    `UPDATE outbox SET state = 'pending', due_at = ?, expires_at = ?, tries = 0, finished_at = NULL
     WHERE id = ? AND state <> 'pending' RETURNING ${outbox.columns}`,
    [input.now, input.expiresAt, input.id],
  )
  return outbox.readOne(row)
}

/** Makes waiting rows due now. A row whose try has not ended is left to its worker. */
export async function hurryOutbox(trx: Trx, input: { id: string; now: number }): Promise<OutboxItem | undefined> {
  const row = await trx.one<StoredRow>(
    `UPDATE outbox SET due_at = ? WHERE id = ? AND state = 'pending' AND (tries = 0 OR EXISTS
       (SELECT 1 FROM outbox_tries WHERE outbox_id = outbox.id AND number = outbox.tries)) RETURNING ${outbox.columns}`,
    [input.now, input.id],
  )
  return outbox.readOne(row)
}

export async function deleteOutboxItem(trx: Trx, id: string): Promise<void> {
  trx.send('DELETE FROM outbox WHERE id = ?', [id])
}

/** When the first and the last of the waiting mails are due; undefined: nothing waits. */
export async function findMailDue(sql: Sql): Promise<{ first: number; last: number } | undefined> {
  // Two subqueries read two rows of the index. One query with both would read all.
  const waiting = "FROM outbox WHERE state = 'pending' AND kind = 'mail'"
  const row = await sql.one<{ first: number | null; last: number | null }>(
    `SELECT (SELECT min(due_at) ${waiting}) AS first, (SELECT max(due_at) ${waiting}) AS last`,
  )
  return row?.first == null || row.last == null ? undefined : { first: row.first, last: row.last }
}

/** A mail that waits and was tried before, if any. Looks at those that are due last: a failure puts off. */
export async function findFailingMail(sql: Sql): Promise<{ createdAt: number } | undefined> {
  const row = await sql.one<{ created_at: number }>(
    `SELECT created_at FROM (SELECT created_at, last_error FROM outbox WHERE state = 'pending' AND kind = 'mail'
       ORDER BY due_at DESC, id DESC LIMIT 10) AS last WHERE last_error IS NOT NULL ORDER BY created_at LIMIT 1`,
  )
  return row && { createdAt: Number(row.created_at) }
}

export interface OutboxFilter extends IdSpan {
  kind: OutboxKind
  state?: OutboxState | undefined
  recipient?: string | undefined
  /** Created then or later. */
  since?: number | undefined
}

/** Newest first, decoys left out. */
export async function listOutbox(sql: Sql, filter: OutboxFilter, limit: number, offset = 0): Promise<OutboxItem[]> {
  const { where, values } = conditions(filter)
  const page = [...values, limit, offset]
  const rows = await sql.all<StoredRow>(
    `SELECT ${outbox.columns} FROM outbox WHERE ${where} ORDER BY id DESC LIMIT ? OFFSET ?`,
    page,
  )
  return rows.map(outbox.read)
}

export async function countOutbox(sql: Sql, filter: OutboxFilter): Promise<number> {
  const { where, values } = conditions(filter)
  const row = await sql.one<{ n: number }>(`SELECT count(*) AS n FROM outbox WHERE ${where}`, values)
  return Number(row?.n ?? 0)
}

export async function findOutboxItem(sql: Sql, kind: OutboxKind, id: string): Promise<OutboxItem | undefined> {
  const row = await sql.one<StoredRow>(
    `SELECT ${outbox.columns} FROM outbox WHERE id = ? AND kind = ? AND is_decoy = 0`,
    [id, kind],
  )
  return outbox.readOne(row)
}

export async function findLastMailTo(sql: Sql, recipient: string): Promise<OutboxItem | undefined> {
  const row = await sql.one<StoredRow>(
    `SELECT ${outbox.columns} FROM outbox WHERE kind = 'mail' AND recipient = ? AND is_decoy = 0 ORDER BY id DESC LIMIT 1`,
    [recipient],
  )
  return outbox.readOne(row)
}

/** Mails to an address that wait are sent, and then leave nothing. */
export async function markErasedMailTo(trx: Trx, recipient: string): Promise<void> {
  trx.send(
    "UPDATE outbox SET is_erased = 1 WHERE kind = 'mail' AND recipient = ? AND state = 'pending' AND is_erased = 0",
    [recipient],
  )
}

export async function isErasedMail(sql: Sql, id: string): Promise<boolean> {
  return (await sql.one('SELECT id FROM outbox WHERE id = ? AND is_erased = 1', [id])) !== undefined
}

/** Mails to an address that no longer wait, at most `limit`. Returns how many there were. */
export async function deleteFinishedMailTo(trx: Trx, recipient: string, limit: number): Promise<number> {
  return await trx.run(
    `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE kind = 'mail' AND recipient = ?
       AND state <> 'pending' LIMIT ?)`,
    [recipient, limit],
  )
}

function conditions({ kind, state, recipient, since, ...span }: OutboxFilter): { where: string; values: Value[] } {
  const parts = [
    { text: 'kind = ?', value: kind },
    ...(state === undefined ? [] : [{ text: 'state = ?', value: state }]),
    ...(recipient === undefined ? [] : [{ text: 'recipient = ?', value: recipient }]),
    ...(since === undefined ? [] : [{ text: 'created_at >= ?', value: since }]),
    ...spanConditions('id', span),
  ]
  const where = ['is_decoy = 0', ...parts.map(({ text }) => text)].join(' AND ')
  return { where, values: parts.map(({ value }) => value) }
}
