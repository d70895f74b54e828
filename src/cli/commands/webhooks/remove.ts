import { Args } from '@oclif/core'
import { findWebhook, removeWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd webhooks remove whe_06fb2m --yes'],
  args: { id: Args.string({ required: true, description: 'Endpoint id, from webhooks list.' }) },
  flags: changeFlags,
  async run(deps, { args, out, actor, confirm }) {
    const { url } = await findWebhook(deps, args.id)
    await confirm(`Remove ${url}? Waiting deliveries are not sent.`)
    const removed = await removeWebhook(deps, actor, args.id)
    const change = {
      resource: presentWebhook(removed),
      isChanged: true,
      text: `${out.did('Removed', 'Would remove')} ${args.id}  ${url}`,
    }
    out.changes([change])
  },
})
