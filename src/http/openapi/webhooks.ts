import { TOLD } from '../../flows/outbox/webhook-body.ts'
import { type DeclaredEvent, EVENTS } from '../../flows/record-event.ts'
import { webhookEventResource } from '../../resources/webhook-event.ts'
import type { Components } from './schema.ts'

/** The part of the document on webhooks: one for each type of event. All post the same schema. */
export function webhooksOf(components: Components) {
  const schema = components.schemaOf(webhookEventResource, 'output')
  const accepted = components.response('WebhookAccepted', {
    description: 'Any 2xx within 15 seconds accepts the event.',
  })
  const requestBody = components.requestBody('WebhookEvent', {
    description:
      'Signed as Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`. Verify them before you use the body.',
    required: true,
    content: { 'application/json': { schema } },
  })
  const hooks = Object.entries<DeclaredEvent>(EVENTS).map(([type, { means, open = [] }]) => {
    const fields = open.filter((key) => TOLD.includes(key)).map((key) => `\`${key}\``)
    const description =
      fields.length === 0 ? '`data` has no other fields.' : `\`data\` may also have ${fields.join(', ')}.`
    const operationId = `on${type.replace(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase())}`
    const told = { operationId, summary: means, description, tags: ['Webhooks'], security: [] }
    return [type, { post: { ...told, requestBody, responses: { '2XX': accepted } } }]
  })
  return Object.fromEntries(hooks)
}
