import { latestEnd } from '../platform/clock.ts'
import type { Sql, Trx } from './db.ts'
import { integer, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const mailSuppressions = table('mail_suppressions', {
  address: text,
  refusals: integer,
  lastRefusedAt: integer,
  /** What the mail server said last. */
  response: text,
  /** Null: refused, and not often enough yet. */
  suppressedUntil: nullable(integer),
})

/** An address that mail servers refused for good: how often, and until when it gets nothing. */
export type MailSuppression = RowOf<typeof mailSuppressions>

/**
 * Counts one refusal, unless the last one that counted was a moment ago; begins anew where that was long ago.
 * Undefined: it did not count.
 */
export async function countRefusal(
  trx: Trx,
  refusal: { address: string; response: string; now: number; apartMs: number; forgetMs: number },
): Promise<number | undefined> {
  const { address, response, now, apartMs, forgetMs } = refusal
  const row = await trx.one<{ refusals: number }>(
    `INSERT INTO mail_suppressions (address, refusals, last_refused_at, response) VALUES (?, 1, ?, ?)
     ON CONFLICT (address) DO UPDATE SET
       refusals = CASE WHEN mail_suppressions.last_refused_at <= ? THEN 1 ELSE mail_suppressions.refusals + 1 END,
       last_refused_at = excluded.last_refused_at, response = excluded.response
     WHERE mail_suppressions.last_refused_at <= ? OR mail_suppressions.last_refused_at > ?
     RETURNING refusals`,
    [address, now, response, now - forgetMs, now - apartMs, latestEnd(now, 0)],
  )
  return row?.refusals
}

export async function suppressMail(trx: Trx, { address, until }: { address: string; until: number }): Promise<void> {
  trx.send('UPDATE mail_suppressions SET suppressed_until = ? WHERE address = ?', [until, address])
}

/** Undefined: the address may be mailed. */
export async function findSuppression(
  sql: Sql,
  address: string,
  { now, spanMs }: { now: number; spanMs: number },
): Promise<MailSuppression | undefined> {
  const row = await sql.one<StoredRow>(
    `SELECT ${mailSuppressions.columns} FROM mail_suppressions WHERE address = ? AND suppressed_until > ? AND suppressed_until <= ?`,
    [address, now, latestEnd(now, spanMs)],
  )
  return mailSuppressions.readOne(row)
}

/** Where a list of them goes on. */
type Refused = Pick<MailSuppression, 'address' | 'lastRefusedAt'>

const IS_AFTER = '(last_refused_at < ? OR last_refused_at = ? AND address > ?)'

/** Lists the addresses that get no mail now, the newest first. */
export async function listSuppressions(
  sql: Sql,
  { now, spanMs, after }: { now: number; spanMs: number; after?: Refused | undefined },
  limit: number,
): Promise<MailSuppression[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${mailSuppressions.columns} FROM mail_suppressions WHERE suppressed_until > ? AND suppressed_until <= ?
     ${after ? `AND ${IS_AFTER}` : ''} ORDER BY last_refused_at DESC, address LIMIT ?`,
    [now, latestEnd(now, spanMs), ...(after ? [after.lastRefusedAt, after.lastRefusedAt, after.address] : []), limit],
  )
  return rows.map(mailSuppressions.read)
}

/** Forgets what was counted; true if there was something. */
export async function deleteSuppression(trx: Trx, address: string): Promise<boolean> {
  return (await trx.run('DELETE FROM mail_suppressions WHERE address = ?', [address])) === 1
}

export async function deleteSuppressionsBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM mail_suppressions WHERE address IN (SELECT address FROM mail_suppressions WHERE last_refused_at < ? LIMIT ?)',
    [before, limit],
  )
}
