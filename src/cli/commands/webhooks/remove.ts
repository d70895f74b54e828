import { Args } from '@oclif/core'
import { findWebhook, removeWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { confirm } from '../../output/confirm.ts'

export default operation({
  examples: ['authd webhooks remove whe_06fb2m --yes'],
  args: { id: Args.string({ required: true, description: 'Endpoint id, from webhooks list.' }) },
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { args, flags, out, actor }) {
    const { url } = await findWebhook(deps, args.id)
    if (!flags['dry-run']) {
      const question = `Remove ${url}? Waiting deliveries are not sent.`
      await confirm(flags, question, `authd webhooks remove ${args.id}`)
    }
    const removed = await removeWebhook(deps, actor, args.id)
    const change = { resource: presentWebhook(removed), isChanged: true, text: `Removed ${args.id}  ${url}` }
    out.changes([change])
  },
})
