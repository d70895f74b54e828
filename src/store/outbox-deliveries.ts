import type { Sql, Trx } from './db.ts'
import { CANCEL, type OutboxItem, outbox } from './outbox.ts'
import type { StoredRow } from './table.ts'

/** First tries are due in the order of the log, whatever clocks have dated them. */
const FIRST_TRIES = "state = 'pending' AND kind = 'webhook' AND tries = 0"
const LATER_TRIES = "state = 'pending' AND kind = 'webhook' AND tries > 0"

/** The condition for the deliveries that are due for an endpoint, named by its column or a placeholder. */
export function hasDueWebhook(endpointId: string): string {
  return `(EXISTS (SELECT 1 FROM outbox WHERE ${FIRST_TRIES} AND recipient = ${endpointId})
    OR EXISTS (SELECT 1 FROM outbox WHERE ${LATER_TRIES} AND recipient = ${endpointId} AND due_at <= ?))`
}

/**
 * Takes the next delivery for an endpoint that the caller has locked, and counts the try: from the lane that is
 * preferred, or else from the other one.
 */
export async function claimWebhookFor(
  trx: Trx,
  { endpointId, now, prefersLater }: { endpointId: string; now: number; prefersLater: boolean },
): Promise<OutboxItem | undefined> {
  const first = `(SELECT id FROM outbox WHERE ${FIRST_TRIES} AND recipient = ? ORDER BY event_seq, id LIMIT 1)`
  const later = `(SELECT id FROM outbox WHERE ${LATER_TRIES} AND recipient = ? AND due_at <= ?
    ORDER BY due_at, id LIMIT 1)`
  const [lanes, values] = prefersLater
    ? [`${later}, ${first}`, [endpointId, now, endpointId]]
    : [`${first}, ${later}`, [endpointId, endpointId, now]]
  const row = await trx.one<StoredRow>(
    `UPDATE outbox SET tries = tries + 1 WHERE id = COALESCE(${lanes}) RETURNING ${outbox.columns}`,
    values,
  )
  return outbox.readOne(row)
}

/** Deliveries that wait for a removed endpoint. */
export async function cancelWebhooksFor(trx: Trx, input: { endpointId: string; now: number }): Promise<void> {
  for (const lane of ['tries = 0', 'tries > 0']) {
    trx.send(`${CANCEL} kind = 'webhook' AND recipient = ? AND ${lane}`, [input.now, input.endpointId])
  }
}

/** Makes the deliveries that wait after a failure due now, because their endpoint answers again. */
export async function hurryWebhooksFor(trx: Trx, input: { endpointId: string; now: number }): Promise<void> {
  trx.send(`UPDATE outbox SET due_at = ? WHERE ${LATER_TRIES} AND recipient = ? AND due_at > ?`, [
    input.now,
    input.endpointId,
    input.now,
  ])
}

/** How many wait for their first try; counts no further than `limit`. */
export async function countPendingFor(sql: Sql, endpointId: string, limit: number): Promise<number> {
  const row = await sql.one<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM outbox WHERE ${FIRST_TRIES} AND recipient = ? LIMIT ?) AS waiting`,
    [endpointId, limit],
  )
  return Number(row?.n ?? 0)
}
