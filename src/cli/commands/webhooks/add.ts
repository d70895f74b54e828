import { Args, Flags } from '@oclif/core'
import { presentWebhook } from '../../../resources/webhook.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { readSecret, secretFlags } from '../../secret-flag.ts'
import { eventsFlag, splitEvents, withPrivateHint } from '../../webhook-flags.ts'

export default class WebhooksAdd extends OperatorCommand {
  static override summary = 'Send events to an address. The secret that signs them is shown once, on stdout.'
  static override examples = [
    'authd webhooks add https://app.example.com/events',
    "authd webhooks add https://app.example.com/events --events 'user.*,session.revoked' --description shop",
  ]
  static override args = { url: Args.string({ required: true, description: 'Where they are sent.' }) }
  static override flags = {
    ...eventsFlag,
    description: Flags.string({ default: '', description: 'What it is for.' }),
    'allow-private': Flags.boolean({ description: 'It may be in a private network, and without TLS.' }),
    ...secretFlags,
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksAdd)
    const { addWebhook } = await import('../../../flows/outbox/webhook-endpoint.ts')
    const input = {
      url: args.url,
      description: flags.description,
      events: splitEvents(flags.events ?? '*'),
      allowsPrivate: flags['allow-private'],
      secret: readSecret(flags),
    }
    const { endpoint, secret } = await withPrivateHint(`authd webhooks add ${args.url}`, flags['allow-private'], () =>
      this.withDeps(flags, (deps) => addWebhook(deps, this.operator(flags.reason), input)),
    )
    const out = this.output(flags)
    const isDry = flags['dry-run']
    out.object({ ...presentWebhook(endpoint), secret, changed: true, ...(isDry && { dry_run: true }) }, [secret])
    if (isDry) return out.hint(`would add ${args.url}`)
    out.hint(`Added ${endpoint.id}. Copy the secret now: it cannot be shown again.`)
    out.hint(`Try: authd webhooks test ${endpoint.id}`)
  }
}
