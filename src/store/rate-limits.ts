import { latestEnd } from '../platform/clock.ts'
import type { Sql, Trx } from './db.ts'
import { integer, type RowOf, type StoredRow, table, text } from './table.ts'

/** What is counted together: `ip` and an address, `email` and a mailbox. */
export interface Bucket {
  policy: string
  subject: string
}

const rateLimits = table('rate_limits', {
  policy: text,
  subject: text,
  used: integer,
  windowEndsAt: integer,
})

export type BucketUse = RowOf<typeof rateLimits>

/** Over, or begun by a clock that has been put back since. */
const IS_OVER = '(rate_limits.window_ends_at <= ? OR rate_limits.window_ends_at > ?)'

/**
 * Counts a request in a bucket, in one statement, safely with concurrent callers. A window starts with its first request.
 * Once the bucket is over its limit nothing is written any more.
 */
export async function takeFromBucket(
  trx: Trx,
  { policy, subject }: Bucket,
  { amount, limit, windowMs, now }: { amount: number; limit: number; windowMs: number; now: number },
): Promise<BucketUse & { isCounted: boolean }> {
  const endsAt = now + windowMs
  const over = [now, latestEnd(now, windowMs)]
  const row = await trx.one<StoredRow>(
    `${rateLimits.insert}
     ON CONFLICT (policy, subject) DO UPDATE SET
       used = CASE WHEN ${IS_OVER} THEN excluded.used ELSE rate_limits.used + excluded.used END,
       window_ends_at = CASE WHEN ${IS_OVER} THEN excluded.window_ends_at ELSE rate_limits.window_ends_at END
     WHERE rate_limits.used <= ? OR ${IS_OVER}
     RETURNING ${rateLimits.columns}`,
    [...rateLimits.values({ policy, subject, used: amount, windowEndsAt: endsAt }), ...over, ...over, limit, ...over],
  )
  if (row) return { ...rateLimits.read(row), isCounted: true }
  // Over already; a reset between the two statements is as if this had come a moment earlier.
  const use = await findBucket(trx, { policy, subject })
  return { ...(use ?? { policy, subject, used: limit + 1, windowEndsAt: endsAt }), isCounted: false }
}

export async function giveBackToBucket(
  trx: Trx,
  { policy, subject }: Bucket,
  { amount, now }: { amount: number; now: number },
): Promise<void> {
  trx.send(
    `UPDATE rate_limits SET used = CASE WHEN used > ? THEN used - ? ELSE 0 END
     WHERE policy = ? AND subject = ? AND window_ends_at > ?`,
    [amount, amount, policy, subject, now],
  )
}

export async function findBucket(sql: Sql, { policy, subject }: Bucket): Promise<BucketUse | undefined> {
  const row = await sql.one<StoredRow>(
    `SELECT ${rateLimits.columns} FROM rate_limits WHERE policy = ? AND subject = ?`,
    [policy, subject],
  )
  return rateLimits.readOne(row)
}

/** The subject itself, and what is counted below it: a subject, a space and a device. */
const WITHIN = '(subject = ? OR (subject >= ? AND subject < ?))'

function within(subject: string): string[] {
  return [subject, `${subject} `, `${subject}!`]
}

/** Where a list of them goes on. */
type Counted = Pick<BucketUse, 'policy' | 'subject' | 'used'>

const IS_AFTER = '(used < ? OR used = ? AND (policy, subject) > (?, ?))'

/** Lists the windows that have not ended, the fullest first. */
export async function listBuckets(
  sql: Sql,
  { now, subject, after }: { now: number; subject?: string | undefined; after?: Counted | undefined },
  limit: number,
): Promise<BucketUse[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${rateLimits.columns} FROM rate_limits
     WHERE window_ends_at > ? AND used > 0${subject === undefined ? '' : ` AND ${WITHIN}`}${after ? ` AND ${IS_AFTER}` : ''}
     ORDER BY used DESC, policy, subject LIMIT ?`,
    [
      now,
      ...(subject === undefined ? [] : within(subject)),
      ...(after ? [after.used, after.used, after.policy, after.subject] : []),
      limit,
    ],
  )
  return rows.map(rateLimits.read)
}

/** Forgets what was counted for a subject, under every policy; answers what it was. */
export async function deleteBucketsOf(trx: Trx, subject: string): Promise<BucketUse[]> {
  const statement = `DELETE FROM rate_limits WHERE ${WITHIN} RETURNING ${rateLimits.columns}`
  const rows = await trx.all<StoredRow>(statement, within(subject))
  return rows.map(rateLimits.read)
}

export async function deleteBucketsEndedBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    `DELETE FROM rate_limits WHERE (policy, subject) IN
       (SELECT policy, subject FROM rate_limits WHERE window_ends_at < ? LIMIT ?)`,
    [before, limit],
  )
}
