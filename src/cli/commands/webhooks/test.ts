import { Args, Flags } from '@oclif/core'
import { presentWebhookTest } from '../../../resources/webhook.ts'
import { OperatorCommand } from '../../command.ts'

export default class WebhooksTest extends OperatorCommand {
  static override summary = 'Send an endpoint an event that did not happen, and show what it answers.'
  static override description = 'Its data says "test": true. Exit code 1 where the answer is not 2xx.'
  static override examples = [
    'authd webhooks test whe_06fb2m',
    'authd webhooks test whe_06fb2m --event session.revoked',
  ]
  static override args = { id: Args.string({ required: true, description: 'Its id, from webhooks list.' }) }
  static override flags = { event: Flags.string({ default: 'user.registered', description: 'The event.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksTest)
    const { testWebhook } = await import('../../../flows/outbox/webhook-test.ts')
    const test = await this.withDeps(flags, (deps) => testWebhook(deps, { id: args.id, event: flags.event }))
    const shown = presentWebhookTest(test)
    const answer = shown.status === null ? 'no answer' : `answered ${shown.status}`
    this.output(flags).object(shown, [
      `${shown.accepted ? 'ok  ' : 'FAIL'}  ${answer} in ${shown.duration_ms} ms`,
      ...(shown.body === '' ? [] : [shown.body.replace(/\p{Cc}/gu, ' ')]),
    ])
    if (!shown.accepted) process.exitCode = 1
  }
}
