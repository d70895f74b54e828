import type { Trx } from './db.ts'

// Deletes old rows. flows/upkeep/housekeeping.ts has the periods.

export async function deleteOutboxBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run('DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE finished_at < ? LIMIT ?)', [
    before,
    limit,
  ])
}

/** Deletes mails that still wait, though they have expired: sending was paused. */
export async function deleteUnsentMailBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state = 'pending' AND kind = 'mail'
       AND due_at < ? AND expires_at < ? LIMIT ?)`,
    [before, before, limit],
  )
}

/** Erases the text of failed mails that have expired, because they are not retried. */
export async function scrubExpiredBodies(trx: Trx, now: number, limit: number): Promise<number> {
  return await trx.run(
    `UPDATE outbox SET body_sealed = NULL WHERE id IN (SELECT id FROM outbox
       WHERE state = 'failed' AND body_sealed IS NOT NULL AND expires_at <= ? LIMIT ?)`,
    [now, limit],
  )
}
