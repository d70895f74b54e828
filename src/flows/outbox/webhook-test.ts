import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { EVENTS, type EventType } from '../record-event.ts'
import { findWebhook } from './webhook-endpoint.ts'
import { postEvent } from './webhook-request.ts'

export interface WebhookTest {
  deliveryId: string
  /** Null if no answer came. */
  status: number | null
  durationMs: number
  /** The beginning of the receiver's answer, or why it was not reached. */
  said: string
  isAccepted: boolean
}

/**
 * Sends a test event to an endpoint now, without the queue. Its data says `test`. Throws VALIDATION_ERROR for an
 * unknown event, WEBHOOK_NOT_FOUND.
 */
export async function testWebhook(
  deps: Deps,
  { id, event: type }: { id: string; event: string },
): Promise<WebhookTest> {
  if (!Object.hasOwn(EVENTS, type)) {
    throw new AuthdError('VALIDATION_ERROR', {
      message: `"${type}" is not an event. Write user.registered, or another of those in docs/events.md.`,
    })
  }
  const endpoint = await findWebhook(deps, id)
  const startedAt = deps.clock.now()
  const deliveryId = deps.random.id('whd')
  const event = {
    id: deps.random.id('evt'),
    eventType: type as EventType,
    occurredAt: startedAt,
    outcome: 'success',
    userId: null,
    sessionId: null,
    requestId: null,
    metadata: { test: true },
  } as const
  const about = (said: string) => ({ deliveryId, durationMs: deps.clock.now() - startedAt, said })
  try {
    const { status, text } = await postEvent(deps, endpoint, { id: deliveryId, event })
    return { ...about(text), status, isAccepted: status >= 200 && status < 300 }
  } catch (error) {
    return { ...about(error instanceof Error ? error.message : String(error)), status: null, isAccepted: false }
  }
}
