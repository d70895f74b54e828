import { z } from 'zod'
import type { WebhookTest } from '../flows/outbox/webhook-test.ts'
import { toRfc3339 } from '../platform/clock.ts'
import type { OutboxItem } from '../store/outbox.ts'
import type { OutboxTry } from '../store/outbox-tries.ts'
import type { WebhookEndpoint } from '../store/webhook-endpoints.ts'
import { outboxState, outboxTimes } from './mail.ts'
import { idField, sample, timeField } from './shared-fields.ts'

/** A webhook endpoint without its secret. */
export const webhookResource = z
  .strictObject({
    id: idField('whe').describe('The id of the endpoint.'),
    url: sample('https://app.example.com/events').describe('Where events are posted.'),
    description: sample('shop').describe('What it is for.'),
    events: z.array(sample('user.*')).describe('Event types. `*` matches any text.'),
    allow_private: z.boolean().describe('Its address may be in a private network.'),
    state: z.enum(['active', 'failing', 'paused']).describe('Whether it gets events.'),
    pause_reason: z.enum(['operator', 'gone', 'failing']).nullable().describe('Why it is paused.'),
    created_at: timeField.describe('When it was added.'),
    created_by: sample('cli:root@vm').describe('Who added it.'),
    paused_at: timeField.nullable().describe('When it was paused.'),
    failures: z.int().describe('Failed tries since the last success.'),
    failing_since: timeField.nullable().describe('The first failure since the last success.'),
    next_try_at: timeField.nullable().describe('Set while deliveries pause after failures.'),
    last_success_at: timeField.nullable().describe('The last success.'),
    previous_secret_until: timeField.nullable().describe('Until then, the previous secret also signs.'),
  })
  .meta({ id: 'Webhook', description: 'A webhook endpoint, without its secret.' })
export type WebhookResource = z.output<typeof webhookResource>

export function presentWebhook(endpoint: WebhookEndpoint): WebhookResource {
  const time = (at: number | null) => (at === null || at === 0 ? null : toRfc3339(at))
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events,
    allow_private: endpoint.allowsPrivate,
    state: endpoint.pausedAt !== null ? 'paused' : endpoint.failures > 0 ? 'failing' : 'active',
    pause_reason: endpoint.pauseReason,
    created_at: toRfc3339(endpoint.createdAt),
    created_by: endpoint.createdBy,
    paused_at: time(endpoint.pausedAt),
    failures: endpoint.failures,
    failing_since: time(endpoint.failingSince),
    next_try_at: endpoint.failures > 0 ? time(endpoint.retryAt) : null,
    last_success_at: time(endpoint.lastSuccessAt),
    previous_secret_until: time(endpoint.previousUntil),
  }
}

/** The delivery of one event to one endpoint. */
export const deliveryResource = z
  .strictObject({
    id: idField('whd').describe('The `webhook-id` header of every try.'),
    endpoint_id: idField('whe').describe('The endpoint that it goes to.'),
    event: sample('user.registered').describe('The type of the event.'),
    state: outboxState.describe('Where the delivery is.'),
    tries: z.int().describe('How often authd tried it.'),
    created_at: timeField.describe('When it was queued.'),
    ...outboxTimes,
    last_error: sample('500 try later').nullable().describe('What the last failed try got.'),
  })
  .meta({ id: 'WebhookDelivery', description: 'The delivery of one event to one endpoint.' })
export type DeliveryResource = z.output<typeof deliveryResource>

export function presentDelivery(item: OutboxItem): DeliveryResource {
  return {
    id: item.id,
    endpoint_id: item.recipient,
    event: item.template,
    state: item.state,
    tries: item.tries,
    created_at: toRfc3339(item.createdAt),
    next_try_at: item.state === 'pending' ? toRfc3339(item.dueAt) : null,
    expires_at: toRfc3339(item.expiresAt),
    finished_at: item.finishedAt === null ? null : toRfc3339(item.finishedAt),
    last_error: item.lastError,
  }
}

/** A finished try of a mail or webhook delivery. */
export const tryResource = z
  .strictObject({
    number: z.int().describe('1 for the first try.'),
    started_at: timeField.describe('When the try began.'),
    duration_ms: z.int().describe('How long it took, in milliseconds.'),
    outcome: z.enum(['accepted', 'postponed', 'refused']).describe('How it ended.'),
    response: sample('500 try later').describe('What the receiver answered.'),
  })
  .meta({ id: 'DeliveryTry', description: 'A finished try of a delivery.' })

export function presentTry({ number, startedAt, endedAt, outcome, response }: OutboxTry): z.output<typeof tryResource> {
  return { number, started_at: toRfc3339(startedAt), duration_ms: endedAt - startedAt, outcome, response }
}

export const webhookTestResource = z
  .strictObject({
    delivery_id: idField('whd').describe('The `webhook-id` header of the test.'),
    accepted: z.boolean().describe('The receiver answered with 2xx.'),
    status: z
      .int()
      .nullable()
      .meta({ examples: [204] })
      .describe('`null`: no response.'),
    duration_ms: z.int().describe('How long it took, in milliseconds.'),
    body: sample('thanks').describe('The beginning of the response body, or why the receiver was not reached.'),
  })
  .meta({ id: 'WebhookTest', description: 'What a receiver answered to a test event.' })

export function presentWebhookTest(test: WebhookTest): z.output<typeof webhookTestResource> {
  const { deliveryId, isAccepted, status, durationMs, said } = test
  return { delivery_id: deliveryId, accepted: isAccepted, status, duration_ms: durationMs, body: said }
}
