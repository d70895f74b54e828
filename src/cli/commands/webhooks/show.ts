import { secretOfConfigured } from '../../../flows/outbox/configured-webhook.ts'
import { findWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { endpointsArg } from '../../flags.ts'
import { webhookCard } from '../../webhook-card.ts'

export default operation({
  examples: ['authd webhooks show whe_config'],
  args: endpointsArg,
  takesMany: 'known',
  async run(deps, { each, out }) {
    const endpoints = await each((id) => findWebhook(deps, id))
    out.found(
      endpoints.map((endpoint) => {
        const resource = presentWebhook(endpoint)
        // The operator may read the secret. It is shown in the form that receiver libraries expect.
        const secret = secretOfConfigured(deps, endpoint)
        const more: [string, string][] = secret === undefined ? [] : [['secret', secret]]
        return {
          value: { ...resource, ...(secret !== undefined && { secret }) },
          lines: webhookCard(resource, (value) => out.time(value), more),
        }
      }),
    )
  },
})
