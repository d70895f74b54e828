import type { Deps } from '../../deps.ts'
import type { AuthdError } from '../../errors.ts'
import { mailboxOf } from '../../platform/mailbox.ts'
import { ipBucket } from '../../platform/net/ip.ts'
import type { Trx } from '../../store/db.ts'
import { giveBackToBucket } from '../../store/rate-limits.ts'
import { knownDevice } from '../policy/known-device.ts'
import { type Actor, SYSTEM } from '../record-event.ts'
import { type Bucket, countHit, fullInStore, spendIn, tooMany } from './rate-limit.ts'

interface Asked {
  email: string
  device: string | undefined
  /** The session or the change of address that alone can ask for this mail. */
  boundTo?: string | undefined
}

/**
 * Counts one mail to this mailbox and queues it, or refuses with RATE_LIMITED. A mailbox has `mails_per_hour`, and above
 * them one mail every 10 minutes, of which one client address gets one an hour: one stranger cannot cut the owner off. A
 * known device, a session and a link that undoes a change of address have `mails_per_hour` of their own. The count is
 * given back if `queue` queues nothing. Known and unknown addresses count alike.
 */
export async function withinMailLimit<Result>(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { queue, ...asked }: Asked & { queue: () => Promise<{ result: Result; isMailed: boolean }> },
): Promise<Result | AuthdError> {
  const { counted, refusal } = await takeMail(deps, trx, actor, asked)
  if (refusal) return refusal
  const { result, isMailed } = await queue()
  const now = deps.clock.now()
  for (const bucket of isMailed ? [] : counted) await giveBackToBucket(trx, bucket, { amount: 1, now })
  return result
}

/** Counts in the first bucket with room. Returns what to give back, or the refusal. */
async function takeMail(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { email, device, boundTo }: Asked,
): Promise<{ counted: Bucket[]; refusal?: AuthdError }> {
  const subject = mailboxOf(email)
  const all: Bucket = { policy: 'email', subject, email }
  const refuse = (resetMs: number) => {
    trx.afterCommit(() => countHit(deps, all))
    return { counted: [], refusal: tooMany(all, resetMs) }
  }
  if (boundTo !== undefined) {
    const bound: Bucket = { policy: 'email_bound', subject: `${subject} ${boundTo}`, email }
    const { isOver, resetMs } = await spendIn(deps, trx, actor, bound)
    return isOver ? refuse(resetMs) : { counted: [bound] }
  }
  const more: Bucket = { policy: 'email_more', subject }
  const asker: Bucket = { policy: 'email_asker', subject: `${subject} ${ipBucket(actor.ip ?? '')}` }
  const known = await knownDevice(trx, { email, device, now: deps.clock.now() })
  const own: Bucket | undefined =
    known === undefined ? undefined : { policy: 'email_device', subject: `${subject} ${known}`, email }
  const ownStanding = own && (await spendIn(deps, trx, actor, own))
  if (own && !ownStanding?.isOver) return { counted: [own] }
  const hourly = await spendIn(deps, trx, actor, all)
  if (hourly.left > 0) return { counted: [all] }
  const refuseFor = (resetMs: number) => refuse(Math.min(hourly.resetMs, resetMs, ownStanding?.resetMs ?? Infinity))
  // Asked before the mail of these 10 minutes is taken, so that a client that had its own leaves it to others.
  const askerResetMs = hourly.isOver ? await fullInStore(deps, trx, asker) : 0
  if (askerResetMs > 0) return refuseFor(askerResetMs)
  // The last mail of the hour begins the 10 minutes until one more.
  const extra = await spendIn(deps, trx, actor, more)
  if (!hourly.isOver) return { counted: [all] }
  if (extra.isOver) return refuseFor(extra.resetMs)
  await spendIn(deps, trx, actor, asker)
  return { counted: [more, asker] }
}

/**
 * Counts one mail that a user has sent to another address, by user and by the user's mailbox. The second count stays when
 * the account is deleted and made anew; its subject is a MAC, which tells nobody's address. Returns RATE_LIMITED, or
 * undefined.
 */
export async function countMailToStranger(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  user: { id: string; email: string },
): Promise<AuthdError | undefined> {
  for (const subject of [user.id, deps.keys.mac('mailbox', mailboxOf(user.email))]) {
    const bucket: Bucket = { policy: 'email_change', subject }
    const { isOver, resetMs } = await spendIn(deps, trx, actor, bucket)
    if (isOver) return tooMany(bucket, resetMs)
  }
  return undefined
}

/**
 * Counts one mail of the deployment. Says whether it must not be sent: above `limits.total_mails_per_hour`, only users get
 * mail until the hour is over.
 */
export async function isOverTotal(deps: Deps, trx: Trx, { isForUser }: { isForUser: boolean }): Promise<boolean> {
  const { isOver } = await spendIn(deps, trx, SYSTEM, { policy: 'mail', subject: 'all' })
  return isOver && !isForUser
}
