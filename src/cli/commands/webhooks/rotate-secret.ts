import { Args, Flags } from '@oclif/core'
import { presentWebhook } from '../../../resources/webhook.ts'
import { OperatorCommand, reasonFlag } from '../../command.ts'
import { parseSpan } from '../../output/time.ts'
import { readSecret, secretFlags } from '../../secret-flag.ts'

export default class WebhooksRotateSecret extends OperatorCommand {
  static override summary = 'Give an endpoint a new secret, shown once. For a while both sign.'
  static override examples = ['authd webhooks rotate-secret whe_06fb2m --overlap 24h']
  static override args = { id: Args.string({ required: true, description: 'Its id, from webhooks list.' }) }
  static override flags = {
    overlap: Flags.string({ default: '24h', description: 'How long the secret before signs too: up to 30d.' }),
    ...secretFlags,
    ...reasonFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksRotateSecret)
    const { rotateWebhookSecret } = await import('../../../flows/outbox/webhook-endpoint.ts')
    const overlapMs = parseSpan(flags.overlap, 'overlap', { most: '30d' })
    const input = { id: args.id, overlapMs, secret: readSecret(flags) }
    const { endpoint, secret } = await this.withDeps(flags, (deps) =>
      rotateWebhookSecret(deps, this.operator(flags.reason), input),
    )
    const out = this.output(flags)
    out.object({ ...presentWebhook(endpoint), secret, changed: true }, [secret])
    out.hint(`Deliveries carry both signatures for ${flags.overlap}. Copy the secret now: it cannot be shown again.`)
  }
}
