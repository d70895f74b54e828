import { latestEnd } from '../platform/clock.ts'
import type { Trx } from './db.ts'

interface Dated {
  table: string
  /** The prefix of the table's ids. Ids contain their time, so a range of ids keeps the search short. */
  prefix: string
  /** The time at which a row was made. */
  madeAt: string
  /** The other times that count from it. */
  times: string[]
}

/** Rows that grant something for a time, or that wait for it. The audit log keeps what the clock said. */
const DATED: readonly Dated[] = [
  {
    table: 'sessions',
    prefix: 'ses',
    madeAt: 'created_at',
    times: ['auth_time', 'last_seen_at', 'refreshed_at', 'generation_used_at', 'idle_expires_at', 'expires_at'],
  },
  { table: 'signin_attempts', prefix: 'att', madeAt: 'created_at', times: ['mailed_at', 'expires_at'] },
  { table: 'recovery_links', prefix: 'rec', madeAt: 'created_at', times: ['expires_at'] },
  { table: 'invitations', prefix: 'inv', madeAt: 'created_at', times: ['expires_at'] },
  { table: 'email_changes', prefix: 'emc', madeAt: 'changed_at', times: ['restorable_until'] },
  { table: 'ip_filters', prefix: 'ipf', madeAt: 'created_at', times: ['expires_at'] },
  { table: 'outbox', prefix: 'msg', madeAt: 'created_at', times: ['due_at', 'expires_at'] },
  { table: 'outbox', prefix: 'whd', madeAt: 'created_at', times: ['due_at', 'expires_at'] },
]

export const DATED_PREFIXES: readonly string[] = DATED.map(({ prefix }) => prefix)

export interface ClockStep {
  now: number
  /** By how much the clock was ahead. */
  aheadMs: number
}

/**
 * Dates rows that a clock made in the future to when they were really made, at most `limit` of them, so that they last
 * exactly as long as they should. Answers how many there were. Done again, it finds none.
 */
export async function redateRows(
  trx: Trx,
  prefix: string,
  { now, aheadMs, fromId }: ClockStep & { fromId: string },
  limit: number,
): Promise<number> {
  const dated = DATED.find((each) => each.prefix === prefix)
  if (!dated) throw new Error(`no rows with the prefix ${prefix}`)
  const { table, madeAt, times } = dated
  const moved = [madeAt, ...times]
  return await trx.run(
    `UPDATE ${table} SET ${moved.map((name) => `${name} = ${name} - ?`).join(', ')} WHERE id IN
       (SELECT id FROM ${table} WHERE id >= ? AND id < ? AND ${madeAt} > ? ORDER BY id LIMIT ?)`,
    [...moved.map(() => aheadMs), fromId, `${prefix}_z`, latestEnd(now, 0), limit],
  )
}

/** Lets deliveries and endpoints go on that wait for a time which the wrong clock has set. */
export async function redateWebhooks(trx: Trx, { now, aheadMs }: ClockStep): Promise<void> {
  const latest = latestEnd(now, 0)
  trx.send(
    `UPDATE outbox SET due_at = due_at - ? WHERE state = 'pending' AND kind = 'webhook' AND due_at > ? AND EXISTS
       (SELECT 1 FROM outbox_tries WHERE outbox_id = outbox.id AND number = outbox.tries AND ended_at > ?)`,
    [aheadMs, latest, latest],
  )
  trx.send(
    `UPDATE webhook_endpoints SET retry_at = 0, failing_since = CASE WHEN failing_since > ? THEN ? ELSE failing_since END
     WHERE retry_at > ?`,
    [latest, now, latest],
  )
  trx.send('UPDATE webhook_endpoints SET created_at = created_at - ? WHERE created_at > ?', [aheadMs, latest])
}

/** Dates signing keys. Answers how many were dated. */
export async function redateKeys(trx: Trx, { now, aheadMs }: ClockStep): Promise<number> {
  const latest = latestEnd(now, 0)
  // The end of an older key was set when its successor was made.
  trx.send(
    `UPDATE signing_keys SET verifies_until = verifies_until - ? WHERE verifies_until > ? AND EXISTS
       (SELECT 1 FROM signing_keys AS newer WHERE newer.created_at > ? AND newer.purpose = 'access')`,
    [aheadMs, latest, latest],
  )
  return await trx.run(
    'UPDATE signing_keys SET created_at = created_at - ?, signs_from = signs_from - ? WHERE created_at > ?',
    [aheadMs, aheadMs, latest],
  )
}
