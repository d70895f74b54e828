import type { Deps } from '../../deps.ts'
import type { Trx } from '../../store/db.ts'
import { acceptOutbox, finishOutbox, type OutboxItem, type OutboxState, postponeOutbox } from '../../store/outbox.ts'
import { insertOutboxTry, type OutboxTry } from '../../store/outbox-tries.ts'

/** How a try ended, and what follows: the item is finished, or due again. */
export type TryEnd = Pick<OutboxTry, 'startedAt' | 'endedAt' | 'outcome' | 'response'> &
  ({ state: Exclude<OutboxState, 'pending'> } | { dueAt: number })

/**
 * Stores how a try ended; mail-sending.ts and webhook-delivery.ts decide what follows. Returns false if another process has taken over the item, or if it was deleted. That it was
 * accepted is stored in any case, so that nobody sends it again.
 */
export async function recordTry(trx: Trx, { id, tries }: OutboxItem, end: TryEnd): Promise<boolean> {
  const { startedAt, endedAt, outcome, response } = end
  const error = outcome === 'accepted' ? null : response
  const isAccepted = 'state' in end && end.state === 'sent'
  const isOurs = isAccepted
    ? await acceptOutbox(trx, { id, now: endedAt })
    : 'dueAt' in end
      ? await postponeOutbox(trx, { id, tries, dueAt: end.dueAt, error: response })
      : await finishOutbox(trx, { id, tries, state: end.state, now: endedAt, error })
  if (isOurs) await insertOutboxTry(trx, { outboxId: id, number: tries, startedAt, endedAt, outcome, response })
  return isOurs
}

/** Adds up to a quarter, so that items that failed together are not retried together. */
export function jittered(deps: Pick<Deps, 'random'>, waitMs: number): number {
  return waitMs + deps.random.int(Math.ceil(waitMs / 4))
}
