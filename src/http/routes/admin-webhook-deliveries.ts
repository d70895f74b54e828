import { z } from 'zod'
import { listQueue, retryQueued, showQueued } from '../../flows/outbox/queue-admin.ts'
import { REQUEST_ROWS } from '../../flows/pagination.ts'
import { outboxState } from '../../resources/mail.ts'
import { deliveryResource, presentDelivery, presentTry, tryResource } from '../../resources/webhook.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { COUNTED_PART, cursorField, limitField, paginationHeaders } from './admin-pagination.ts'

const tag = 'Admin: webhooks'
const read = { guard: { scope: 'webhooks:read' }, tag } as const
const write = { guard: { scope: 'webhooks:write' }, tag } as const

const list = endpoint({
  ...read,
  name: 'listWebhookDeliveries',
  method: 'GET',
  path: '/admin/webhook-deliveries',
  summary: 'List webhook deliveries, newest first.',
  query: z.strictObject({
    limit: limitField,
    cursor: cursorField,
    endpoint: z.string().max(100).optional().describe('Only deliveries to this endpoint.'),
    state: outboxState.optional().describe('Only deliveries in this state.'),
  }),
  answers: { 200: { ...COUNTED_PART, schema: z.array(deliveryResource) } },
  async handle(deps, { query: { limit, cursor: before, endpoint: recipient, state } }) {
    const pagination = { limit, before, within: REQUEST_ROWS }
    const { rows, total, nextCursor } = await listQueue(deps, { kind: 'webhook', recipient, state }, pagination)
    const kept = { limit, ...(recipient && { endpoint: recipient }), ...(state && { state }) }
    return { status: 200, headers: paginationHeaders({ total, nextCursor, kept }), body: rows.map(presentDelivery) }
  },
})

const show = endpoint({
  ...read,
  name: 'getWebhookDelivery',
  method: 'GET',
  path: '/admin/webhook-deliveries/:id',
  summary: 'Return a delivery and all its tries.',
  answers: {
    200: {
      text: 'The delivery.',
      schema: z
        .strictObject({
          delivery: deliveryResource.describe('The delivery.'),
          attempts: z.array(tryResource).describe('Its tries, oldest first.'),
        })
        .meta({ id: 'WebhookDeliveryWithTries', description: 'A delivery and all its tries.' }),
    },
  },
  errors: ['DELIVERY_NOT_FOUND'],
  async handle(deps, { params }) {
    const { item, tries } = await showQueued(deps, 'webhook', params.id)
    return { status: 200, body: { delivery: presentDelivery(item), attempts: tries.map(presentTry) } }
  },
})

const redeliver = endpoint({
  ...write,
  name: 'redeliverWebhook',
  method: 'POST',
  path: '/admin/webhook-deliveries/:id/redeliver',
  summary: 'Send a delivery again, with the same id.',
  answers: { 202: { text: 'Queued to be sent now.', schema: deliveryResource } },
  errors: ['DELIVERY_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    const [again] = await retryQueued(deps, actor, { kind: 'webhook', ids: [params.id] })
    return { status: 202, body: again && presentDelivery(again) }
  },
})

export const adminWebhookDeliveryEndpoints = [list, show, redeliver]
