import { z } from 'zod'
import {
  addWebhook,
  changeWebhook,
  findWebhook,
  listWebhooks,
  OVERLAP,
  pauseWebhook,
  removeWebhook,
  resumeWebhook,
  rotateWebhookSecret,
} from '../../flows/outbox/webhook-endpoint.ts'
import { testWebhook } from '../../flows/outbox/webhook-test.ts'
import { SECOND } from '../../platform/clock.ts'
import { sample } from '../../resources/shared-fields.ts'
import { typedText } from '../../resources/text-fields.ts'
import { presentWebhook, presentWebhookTest, webhookResource, webhookTestResource } from '../../resources/webhook.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const tag = 'Admin: webhooks'
const read = { guard: { scope: 'webhooks:read' }, tag } as const
const write = { guard: { scope: 'webhooks:write' }, tag } as const
const url = z
  .string()
  .max(2000)
  .meta({ examples: ['https://app.example.com/events'] })
  .describe('Where events are posted, a public `https:` address.')
const events = z
  .array(
    z
      .string()
      .max(100)
      .meta({ examples: ['user.*'] }),
  )
  .max(100)
  .describe('Event types. `*` matches any text.')
const description = typedText('webhook_description', { least: 0 })
  .meta({ examples: ['shop'] })
  .describe('What the endpoint is for.')
const secret = sample('whsec_xeFprvi0jwhFSNYwbyflGeC3oNIg68yOUI8GqEiKliI=').describe('Shown only once.')
const withSecret = webhookResource
  .extend({ secret })
  .meta({ id: 'WebhookWithSecret', description: 'A webhook endpoint and its new secret.' })

const list = endpoint({
  ...read,
  name: 'listWebhooks',
  method: 'GET',
  path: '/admin/webhooks',
  summary: 'List webhook endpoints.',
  answers: { 200: { text: 'All endpoints.', schema: z.array(webhookResource) } },
  async handle(deps) {
    return { status: 200, body: (await listWebhooks(deps)).map(presentWebhook) }
  },
})

const add = endpoint({
  ...write,
  name: 'addWebhook',
  method: 'POST',
  path: '/admin/webhooks',
  summary: 'Add an endpoint at a public address. Endpoints in private networks are added on the command line.',
  body: {
    type: 'json',
    schema: z.strictObject({ url, events: events.default(['*']), description: description.default('') }),
  },
  answers: { 201: { text: 'The endpoint and its secret.', schema: withSecret } },
  errors: ['CONFLICT'],
  async handle(deps, { body, actor }) {
    const added = await addWebhook(deps, actor, body)
    return { status: 201, body: { ...presentWebhook(added.endpoint), secret: added.secret } }
  },
})

const show = endpoint({
  ...read,
  name: 'getWebhook',
  method: 'GET',
  path: '/admin/webhooks/:id',
  summary: 'Return an endpoint.',
  answers: { 200: { text: 'The endpoint.', schema: webhookResource } },
  errors: ['WEBHOOK_NOT_FOUND'],
  async handle(deps, { params }) {
    return { status: 200, body: presentWebhook(await findWebhook(deps, params.id)) }
  },
})

const change = endpoint({
  ...write,
  name: 'updateWebhook',
  method: 'PATCH',
  path: '/admin/webhooks/:id',
  summary: 'Change, pause or resume an endpoint.',
  body: {
    type: 'json',
    schema: z.strictObject({
      url: url.optional(),
      events: events.optional(),
      description: description.optional(),
      paused: z.boolean().optional().describe('Pause or resume deliveries.'),
    }),
  },
  answers: { 200: { text: 'The endpoint.', schema: webhookResource } },
  errors: ['WEBHOOK_NOT_FOUND'],
  async handle(deps, { params, body: { paused, ...asked }, actor }) {
    const id = params.id
    const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
    let { endpoint: changed } = await changeWebhook(deps, actor, { id, change: given })
    if (paused !== undefined) changed = (await (paused ? pauseWebhook : resumeWebhook)(deps, actor, id)).endpoint
    return { status: 200, body: presentWebhook(changed) }
  },
})

const remove = endpoint({
  ...write,
  name: 'removeWebhook',
  method: 'DELETE',
  path: '/admin/webhooks/:id',
  summary: 'Remove an endpoint and its waiting deliveries.',
  answers: { 204: { text: 'Removed.' } },
  errors: ['WEBHOOK_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    await removeWebhook(deps, actor, params.id)
    return { status: 204 }
  },
})

const rotate = endpoint({
  ...write,
  name: 'rotateWebhookSecret',
  method: 'POST',
  path: '/admin/webhooks/:id/rotate-secret',
  summary: 'Replace the signing secret. The previous secret also signs until the overlap ends.',
  body: {
    type: 'json',
    schema: z.strictObject({
      overlap_seconds: z
        .int()
        .min(0)
        .max(OVERLAP.mostMs / SECOND)
        .default(OVERLAP.usualMs / SECOND)
        .describe('How long the previous secret also signs, in seconds.'),
    }),
  },
  answers: { 200: { text: 'The endpoint and its new secret.', schema: withSecret } },
  errors: ['WEBHOOK_NOT_FOUND'],
  async handle(deps, { params, body, actor }) {
    const input = { id: params.id, overlapMs: body.overlap_seconds * SECOND }
    const rotated = await rotateWebhookSecret(deps, actor, input)
    return { status: 200, body: { ...presentWebhook(rotated.endpoint), secret: rotated.secret } }
  },
})

const test = endpoint({
  ...write,
  name: 'testWebhook',
  method: 'POST',
  path: '/admin/webhooks/:id/test',
  summary: 'Send a test event. Its data is marked as a test.',
  body: {
    type: 'json',
    schema: z.strictObject({
      event: z
        .string()
        .max(100)
        .default('user.registered')
        .meta({ examples: ['user.registered'] })
        .describe('The type of the test event.'),
    }),
  },
  answers: { 200: { text: "The receiver's response.", schema: webhookTestResource } },
  errors: ['WEBHOOK_NOT_FOUND'],
  async handle(deps, { params, body: { event } }) {
    return { status: 200, body: presentWebhookTest(await testWebhook(deps, { id: params.id, event })) }
  },
})

export const adminWebhookEndpoints = [list, add, show, change, remove, rotate, test]
