import type { Sql, Trx } from './db.ts'
import { integer, type RowOf, type StoredRow, table, text, word } from './table.ts'

const outboxTries = table('outbox_tries', {
  outboxId: text,
  number: integer,
  startedAt: integer,
  endedAt: integer,
  outcome: word<'accepted' | 'postponed' | 'refused'>(),
  /** What the relay or the receiver answered. */
  response: text,
})

/** One try to deliver, as it ended. A try that a crash cut off leaves no row: the next one tells. */
export type OutboxTry = RowOf<typeof outboxTries>

export async function insertOutboxTry(trx: Trx, attempt: OutboxTry): Promise<void> {
  trx.send(`${outboxTries.insert} ON CONFLICT (outbox_id, number) DO NOTHING`, outboxTries.values(attempt))
}

/** In their order. */
export async function listOutboxTries(sql: Sql, outboxId: string): Promise<OutboxTry[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${outboxTries.columns} FROM outbox_tries WHERE outbox_id = ? ORDER BY number LIMIT 100`,
    [outboxId],
  )
  return rows.map(outboxTries.read)
}

/** The tries of an item that is tried anew. */
export async function deleteOutboxTries(trx: Trx, outboxId: string): Promise<void> {
  trx.send('DELETE FROM outbox_tries WHERE outbox_id = ?', [outboxId])
}
