import type { Deps } from '../deps.ts'
import { HOUR } from '../platform/clock.ts'
import type { Trx } from '../store/db.ts'
import { takeFromBucket } from '../store/rate-limits.ts'
import { type Actor, type Event, recordEvent } from './record-event.ts'

type Misuse = Pick<Event<'user.authentication_failed'>, 'user' | 'sessionId' | 'metadata'>

/**
 * Records that a spent or revoked credential came again, in the unit that refuses it: once an hour per credential, over
 * all processes, so that a flood of requests causes no flood of rows. Returns whether it was recorded.
 */
export async function recordMisuse(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { credential, ...misuse }: Misuse & { credential: string },
): Promise<boolean> {
  const taking = { amount: 1, limit: 0, windowMs: HOUR, now: deps.clock.now() }
  const { isCounted } = await takeFromBucket(trx, { policy: 'misuse', subject: credential }, taking)
  if (!isCounted) return false
  await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', outcome: 'failure', ...misuse })
  return true
}
