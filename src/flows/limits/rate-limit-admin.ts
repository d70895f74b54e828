import type { Deps } from '../../deps.ts'
import { isAhead } from '../../platform/clock.ts'
import { parseEmailAddress } from '../../platform/email-address.ts'
import { mailboxOf } from '../../platform/mailbox.ts'
import { foldIp, ipBucket } from '../../platform/net/ip.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import { type BucketUse, deleteBucketsOf, listBuckets } from '../../store/rate-limits.ts'
import { type AfterCursor, cursorAfter, readCursor, type SortedPart } from '../pagination.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { POLICIES, type Policy } from './rate-limit.ts'

export interface LimitUse extends BucketUse {
  limit: number
}

/** One part of what is used of running windows, the fullest first, of all or of one address, mailbox, session or key. */
export async function listLimits(
  deps: Pick<Deps, 'db' | 'clock' | 'config'>,
  { key, limit, cursor }: AfterCursor & { key?: string | undefined },
): Promise<SortedPart<LimitUse>> {
  const { limits } = deps.config.current()
  const subject = key === undefined ? undefined : subjectOf(key)
  const now = deps.clock.now()
  const after = cursor === undefined ? undefined : bucketAt(cursor)
  const buckets = await deps.db.read((sql) => listBuckets(sql, { now, subject, after }, limit))
  const rows = buckets.flatMap((row) => {
    const policy = POLICIES[row.policy as Policy]
    return policy && isAhead(now, row.windowEndsAt, policy.windowMs) ? [{ ...row, limit: policy.limit(limits) }] : []
  })
  return { rows, nextCursor: cursorAfter(buckets, limit, ({ used, policy, subject }) => [used, policy, subject]) }
}

function bucketAt(cursor: string): Omit<BucketUse, 'windowEndsAt'> {
  const { number: used, words } = readCursor(cursor, 2)
  const [policy = '', subject = ''] = words
  return { used, policy, subject }
}

/** Resets the counts of an address, mailbox, session or key in every instance. Returns what they were. */
export async function resetLimits(deps: Deps, actor: Actor, key: string): Promise<BucketUse[]> {
  const subject = subjectOf(key)
  const reset = await deps.db.write(async (trx) => {
    const forgotten = await deleteBucketsOf(trx, subject)
    if (forgotten.length === 0) return []
    await bumpEpoch(trx, 'rate_limits')
    const policies = forgotten.map(({ policy }) => policy)
    const email = parseEmailAddress(key)?.canonical
    const user = email === undefined ? {} : { email }
    await recordEvent(deps, trx, actor, { type: 'rate_limit.reset', user, metadata: { policies } })
    return forgotten
  })
  await deps.cache.refresh()
  return reset
}

/** A key as it is counted: an IPv6 address by its /64, and an e-mail address by its mailbox. */
function subjectOf(key: string): string {
  const text = key.trim()
  const ip = foldIp(text)
  if (ip !== undefined) return ipBucket(ip)
  const email = parseEmailAddress(text)
  return email === undefined ? text.toLowerCase() : mailboxOf(email.canonical)
}
