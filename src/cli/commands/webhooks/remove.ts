import { Args } from '@oclif/core'
import { presentWebhook } from '../../../resources/webhook.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'
import { confirm } from '../../output/confirm.ts'

export default class WebhooksRemove extends OperatorCommand {
  static override summary = 'Take an endpoint away, with what waits for it.'
  static override examples = ['authd webhooks remove whe_06fb2m --yes']
  static override args = { id: Args.string({ required: true, description: 'Its id, from webhooks list.' }) }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksRemove)
    const { findWebhook, removeWebhook } = await import('../../../flows/outbox/webhook-endpoint.ts')
    const { url } = await this.withDeps(flags, (deps) => findWebhook(deps, args.id))
    if (!flags['dry-run']) {
      const question = `Remove ${url}? What waits for it is not sent.`
      await confirm(flags, question, `authd webhooks remove ${args.id}`)
    }
    await this.withDeps(flags, async (deps) => {
      const removed = await removeWebhook(deps, this.operator(flags.reason), args.id)
      const change = { resource: presentWebhook(removed), isChanged: true, text: `Removed ${args.id}  ${url}` }
      printChanges(this.output(flags), flags, [change])
    })
  }
}
