import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { HOUR, isAhead, MINUTE, SECOND } from '../../platform/clock.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { type Bucket as AnyBucket, findBucket, giveBackToBucket, takeFromBucket } from '../../store/rate-limits.ts'
import { NOTICE_LIMIT } from '../outbox/notice.ts'
import { type Actor, recordEvent, SYSTEM } from '../record-event.ts'

type Limits = Config['limits']

/** Every limit: what it counts by, how many it allows, and in which time. */
export const POLICIES = {
  ip: { text: 'requests of strangers, by address', windowMs: MINUTE, limit: (l: Limits) => l.requestsPerMinute },
  guess: { text: 'wrong proofs, by address', windowMs: HOUR, limit: (l: Limits) => l.guessesPerHour },
  email: { text: 'mails with a link or code, by mailbox', windowMs: HOUR, limit: (l: Limits) => l.mailsPerHour },
  email_more: { text: 'mails above that limit, by mailbox', windowMs: 10 * MINUTE, limit: (_: Limits) => 1 },
  email_device: { text: 'mails, by mailbox and known device', windowMs: HOUR, limit: (l: Limits) => l.mailsPerHour },
  email_change: { text: 'mails to a new address, by user', windowMs: HOUR, limit: (l: Limits) => l.mailsPerHour },
  mail: { text: 'mails with a link or code, altogether', windowMs: HOUR, limit: (l: Limits) => l.totalMailsPerHour },
  email_asker: { text: 'mails above that limit, by mailbox and client', windowMs: HOUR, limit: (_: Limits) => 1 },
  email_bound: { text: 'mails, by session or undo link', windowMs: HOUR, limit: (l: Limits) => l.mailsPerHour },
  notice: { text: 'notices of one kind, by user', windowMs: NOTICE_LIMIT.windowMs, limit: () => NOTICE_LIMIT.count },
  misuse: { text: 'records of a spent or revoked credential', windowMs: HOUR, limit: (_: Limits) => 1 },
  user: { text: 'changes and exports, by session', windowMs: MINUTE, limit: (l: Limits) => l.sessionRequestsPerMinute },
  client: { text: 'requests, by API key', windowMs: MINUTE, limit: (l: Limits) => l.keyRequestsPerMinute },
} as const satisfies Record<string, { text: string; windowMs: number; limit: (limits: Limits) => number }>

export type Policy = keyof typeof POLICIES

export interface Bucket extends AnyBucket {
  policy: Policy
  /** The address that was asked for, if the subject is its mailbox. */
  email?: string
}

/** A bucket after something was counted. */
export interface Standing {
  bucket: Bucket
  limit: number
  left: number
  /** Until its window ends. */
  resetMs: number
  isOver: boolean
}

/** Full buckets that a process remembers. A flood from more addresses writes to the database again. */
const REMEMBERED = 50_000

const keyOf = ({ policy, subject }: AnyBucket) => `${policy} ${subject}`

/**
 * Counts one against each bucket, in one unit, before the work is done. Throws RATE_LIMITED if one is over its limit.
 * This process remembers that until the window ends, so that a flood writes nothing.
 */
export async function spend(deps: Deps, actor: Actor, buckets: Bucket[]): Promise<Standing[]> {
  await refuseFull(deps, buckets)
  const standings = await deps.db.write((trx) =>
    Promise.all(buckets.map((bucket) => spendIn(deps, trx, actor, bucket))),
  )
  for (const standing of standings) await rememberIfOver(deps, standing)
  const over = standings.find(({ isOver }) => isOver)
  if (over) throw refuse(deps, over.bucket, over.resetMs)
  return standings
}

/** As `spend` for one bucket, in a unit that does more. The caller judges the standing. */
export async function spendIn(
  deps: Pick<Deps, 'config' | 'clock' | 'random' | 'log' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  bucket: Bucket,
  amount = 1,
): Promise<Standing> {
  const { windowMs } = POLICIES[bucket.policy]
  const limit = limitOf(deps, bucket)
  const now = deps.clock.now()
  const { used, windowEndsAt, isCounted } = await takeFromBucket(trx, bucket, { amount, limit, windowMs, now })
  // The request that passes the limit records it, once a window. The mailbox's own limit was recorded before this one.
  if (isCounted && used > limit && used - amount <= limit && bucket.policy !== 'email_more') {
    deps.log.warn('rate limit exceeded', { policy: bucket.policy, limit })
    await recordEvent(deps, trx, actor, {
      type: 'rate_limit.exceeded',
      outcome: 'failure',
      ...(bucket.email !== undefined && { user: { email: bucket.email } }),
      metadata: { policy: bucket.policy, limit, ...(isPublic(bucket) && { subject: bucket.subject }) },
    })
  }
  return { bucket, limit, left: Math.max(0, limit - used), resetMs: windowEndsAt - now, isOver: used > limit }
}

/** Ids stay in the metadata of an event. Addresses go into columns of their own, which are erased with the user. */
function isPublic({ policy }: Bucket): boolean {
  return policy === 'user' || policy === 'client'
}

/** Throws RATE_LIMITED, from memory, for a bucket that is over its limit. */
export async function refuseFull(deps: Deps, buckets: Bucket[]): Promise<void> {
  for (const bucket of buckets) {
    const resetMs = await fullFor(deps, bucket)
    if (resetMs > 0) throw refuse(deps, bucket, resetMs)
  }
}

/** For how many milliseconds a bucket stays over its limit, from memory. 0 if it is not. */
export async function fullFor(deps: Deps, bucket: Bucket): Promise<number> {
  const known = (await fullBuckets(deps)).get(keyOf(bucket))
  if (!known || known.limit < limitOf(deps, bucket)) return 0
  const now = deps.clock.now()
  return isAhead(now, known.until, POLICIES[bucket.policy].windowMs) ? known.until - now : 0
}

/** For how many milliseconds nothing is left in a bucket, from the database. 0 if something is. */
export async function fullInStore(deps: Pick<Deps, 'config' | 'clock'>, sql: Sql, bucket: Bucket): Promise<number> {
  const found = await findBucket(sql, bucket)
  const now = deps.clock.now()
  if (!found || found.used < limitOf(deps, bucket)) return 0
  return isAhead(now, found.windowEndsAt, POLICIES[bucket.policy].windowMs) ? found.windowEndsAt - now : 0
}

async function rememberIfOver(deps: Deps, { bucket, isOver, resetMs, limit }: Standing): Promise<void> {
  if (!isOver) return
  const full = await fullBuckets(deps)
  const [oldest] = full.keys()
  if (full.size >= REMEMBERED && oldest !== undefined) full.delete(oldest)
  full.set(keyOf(bucket), { until: deps.clock.now() + resetMs, limit })
}

/**
 * Counts against a bucket up to a second late, for authenticated callers with high limits. A negative amount gives
 * back.
 */
export function tally(deps: Deps, bucket: Bucket, amount: number): void {
  const key = keyOf(bucket)
  deps.tally.set(key, (deps.tally.get(key) ?? 0) + amount)
}

/** Writes the tally to the database: a job every second, and the daemon before it stops. */
export async function flushTally(deps: Deps): Promise<void> {
  const counts = [...deps.tally]
  deps.tally.clear()
  if (counts.length === 0) return
  const now = deps.clock.now()
  const standings = await deps.db.write(async (trx) => {
    const taken: Standing[] = []
    for (const [key, amount] of counts.sort(([left], [right]) => (left < right ? -1 : 1))) {
      const [policy, subject] = splitKey(key)
      if (amount > 0) taken.push(await spendIn(deps, trx, SYSTEM, { policy, subject }, amount))
      else if (amount < 0) await giveBackToBucket(trx, { policy, subject }, { amount: -amount, now })
    }
    return taken
  })
  for (const standing of standings) await rememberIfOver(deps, standing)
}

/** Returns RATE_LIMITED, and counts the refusal. */
export function refuse(deps: Pick<Deps, 'metrics'>, bucket: Bucket, resetMs: number): AuthdError {
  countHit(deps, bucket)
  return tooMany(bucket, resetMs)
}

export function countHit({ metrics }: Pick<Deps, 'metrics'>, { policy }: Bucket): void {
  metrics.count('rate_limit_hits_total', { type: policy })
}

/** Returns RATE_LIMITED with the policy, which its owner may know, and when to try again. */
export function tooMany({ policy }: Bucket, resetMs: number): AuthdError {
  const retryAfter = Math.max(1, Math.ceil(resetMs / SECOND))
  const what =
    policy === 'email'
      ? 'Too many sign-in mails for this address.'
      : policy === 'guess'
        ? 'Too many wrong codes from your address.'
        : 'Too many requests.'
  const when = retryAfter < 120 ? `${retryAfter} seconds` : `${Math.ceil(retryAfter / 60)} minutes`
  return new AuthdError('RATE_LIMITED', {
    message: `${what} Try again in ${when}.`,
    details: { violated_policies: [policy] },
    retryAfter,
  })
}

function limitOf(deps: Pick<Deps, 'config'>, { policy }: Bucket): number {
  return POLICIES[policy].limit(deps.config.current().limits)
}

/** A reset drops the whole map, so that the database is asked again. */
async function fullBuckets(deps: Deps): Promise<Map<string, { until: number; limit: number }>> {
  return await deps.cache.of('rate_limits', async () => new Map<string, { until: number; limit: number }>())
}

function splitKey(key: string): [Policy, string] {
  const at = key.indexOf(' ')
  return [key.slice(0, at) as Policy, key.slice(at + 1)]
}
