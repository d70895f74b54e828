import { Args } from '@oclif/core'
import { presentWebhook } from '../../../resources/webhook.ts'
import { OperatorCommand } from '../../command.ts'
import { webhookCard } from '../../webhook-card.ts'

export default class WebhooksShow extends OperatorCommand {
  static override summary = 'One endpoint. Its secret only if it is the one of the configuration file.'
  static override examples = ['authd webhooks show whe_config']
  static override args = { id: Args.string({ required: true, description: 'Its id, from webhooks list.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksShow)
    const { findWebhook, secretOfConfigured } = await import('../../../flows/outbox/webhook-endpoint.ts')
    await this.withDeps(flags, async (deps) => {
      const endpoint = await findWebhook(deps, args.id)
      const out = this.output(flags)
      const resource = presentWebhook(endpoint)
      // Whoever runs commands may read the configuration, but receivers want the form that libraries know.
      const secret = secretOfConfigured(deps, endpoint)
      const more: [string, string][] = secret === undefined ? [] : [['secret', secret]]
      out.object(
        { ...resource, ...(secret !== undefined && { secret }) },
        webhookCard(resource, (value) => out.time(value), more),
      )
    })
  }
}
