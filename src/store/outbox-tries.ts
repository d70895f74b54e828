import type { Trx } from './db.ts'

/** One try to deliver, as it ended. A try that a crash cut off leaves no row: the next one tells. */
export async function insertOutboxTry(
  trx: Trx,
  attempt: {
    outboxId: string
    number: number
    startedAt: number
    endedAt: number
    outcome: 'accepted' | 'postponed' | 'refused'
    /** The relay's answer. */
    response: string
  },
): Promise<void> {
  await trx.run(
    `INSERT INTO outbox_tries (outbox_id, number, started_at, ended_at, outcome, response) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (outbox_id, number) DO NOTHING`,
    [attempt.outboxId, attempt.number, attempt.startedAt, attempt.endedAt, attempt.outcome, attempt.response],
  )
}
