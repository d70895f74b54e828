import { Args } from '@oclif/core'
import { secretOfConfigured } from '../../../flows/outbox/configured-webhook.ts'
import { findWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { webhookCard } from '../../webhook-card.ts'

export default operation({
  examples: ['authd webhooks show whe_config'],
  args: {
    id: completing('webhooks', Args.string({ required: true, description: 'Endpoint id, from webhooks list.' })),
  },
  async run(deps, { args, out }) {
    const endpoint = await findWebhook(deps, args.id)
    const resource = presentWebhook(endpoint)
    // The operator may read the secret. It is shown in the form that receiver libraries expect.
    const secret = secretOfConfigured(deps, endpoint)
    const more: [string, string][] = secret === undefined ? [] : [['secret', secret]]
    out.object(
      { ...resource, ...(secret !== undefined && { secret }) },
      webhookCard(resource, (value) => out.time(value), more),
    )
  },
})
