import type { Sql, Trx } from './db.ts'

/** One try to deliver, as it ended. A try that a crash cut off leaves no row: the next one tells. */
export interface OutboxTry {
  outboxId: string
  number: number
  startedAt: number
  endedAt: number
  outcome: 'accepted' | 'postponed' | 'refused'
  /** What the relay or the receiver answered. */
  response: string
}

interface OutboxTryRow {
  outbox_id: string
  number: number
  started_at: number
  ended_at: number
  outcome: string
  response: string
}

export async function insertOutboxTry(trx: Trx, attempt: OutboxTry): Promise<void> {
  await trx.run(
    `INSERT INTO outbox_tries (outbox_id, number, started_at, ended_at, outcome, response) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (outbox_id, number) DO NOTHING`,
    [attempt.outboxId, attempt.number, attempt.startedAt, attempt.endedAt, attempt.outcome, attempt.response],
  )
}

/** In their order. */
export async function listOutboxTries(sql: Sql, outboxId: string): Promise<OutboxTry[]> {
  const rows = await sql.all<OutboxTryRow>('SELECT * FROM outbox_tries WHERE outbox_id = ? ORDER BY number LIMIT 100', [
    outboxId,
  ])
  return rows.map((row) => ({
    outboxId: row.outbox_id,
    number: row.number,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome as OutboxTry['outcome'],
    response: row.response,
  }))
}

/** The tries of an item that is tried anew. */
export async function deleteOutboxTries(trx: Trx, outboxId: string): Promise<void> {
  await trx.run('DELETE FROM outbox_tries WHERE outbox_id = ?', [outboxId])
}
