import { z } from 'zod'
import type { WebhookTest } from '../flows/outbox/webhook-test.ts'
import { toRfc3339 } from '../platform/clock.ts'
import type { OutboxItem } from '../store/outbox.ts'
import type { OutboxTry } from '../store/outbox-tries.ts'
import type { WebhookEndpoint } from '../store/webhook-endpoints.ts'
import { idField, sample, timeField } from './field.ts'
import { outboxState } from './mail.ts'

/** A webhook endpoint without its secret. */
export const webhookResource = z.strictObject({
  id: idField('whe'),
  url: sample('https://app.example.com/events'),
  description: sample('shop'),
  events: z.array(sample('user.*')).describe('Event types. `*` matches any text.'),
  allow_private: z.boolean(),
  state: z.enum(['active', 'failing', 'paused']),
  pause_reason: z.enum(['operator', 'gone', 'failing']).nullable(),
  created_at: timeField,
  created_by: sample('cli:root@vm'),
  paused_at: timeField.nullable(),
  failures: z.int().describe('Failed tries since the last success.'),
  failing_since: timeField.nullable(),
  next_try_at: timeField.nullable().describe('Set while deliveries pause after failures.'),
  last_success_at: timeField.nullable(),
  previous_secret_until: timeField.nullable().describe('Until then, the previous secret also signs.'),
})
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
export const deliveryResource = z.strictObject({
  id: idField('whd').describe('The `webhook-id` header of every try.'),
  endpoint_id: idField('whe'),
  event: sample('user.registered'),
  state: outboxState,
  tries: z.int(),
  created_at: timeField,
  next_try_at: timeField.nullable(),
  expires_at: timeField,
  finished_at: timeField.nullable(),
  last_error: sample('500 try later').nullable(),
})
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
export const tryResource = z.strictObject({
  number: z.int(),
  started_at: timeField,
  duration_ms: z.int(),
  outcome: z.enum(['accepted', 'postponed', 'refused']),
  response: sample('500 try later'),
})

export function presentTry({ number, startedAt, endedAt, outcome, response }: OutboxTry): z.output<typeof tryResource> {
  return { number, started_at: toRfc3339(startedAt), duration_ms: endedAt - startedAt, outcome, response }
}

export const webhookTestResource = z.strictObject({
  delivery_id: idField('whd'),
  accepted: z.boolean(),
  status: z
    .int()
    .nullable()
    .meta({ examples: [204] })
    .describe('`null`: no response.'),
  duration_ms: z.int(),
  body: sample('thanks').describe('The beginning of the response body, or why the receiver was not reached.'),
})

export function presentWebhookTest(test: WebhookTest): z.output<typeof webhookTestResource> {
  const { deliveryId, isAccepted, status, durationMs, said } = test
  return { delivery_id: deliveryId, accepted: isAccepted, status, duration_ms: durationMs, body: said }
}
