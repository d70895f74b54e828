import { Args, Flags } from '@oclif/core'
import { addWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { shell } from '../../../platform/shell.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'
import { suggesting } from '../../output/report.ts'
import { readSecret, secretFlags } from '../../secret-flag.ts'
import { eventsFlag, isAboutPrivate, splitEvents } from '../../webhook-flags.ts'

export default operation({
  examples: [
    'authd webhooks add https://app.example.com/events',
    "authd webhooks add https://app.example.com/events --events 'user.*,session.revoked' --description shop",
  ],
  args: { url: Args.string({ required: true, description: 'URL that receives the events.' }) },
  flags: {
    ...eventsFlag,
    description: Flags.string({ default: '', description: 'Description.' }),
    'allow-private': Flags.boolean({ description: 'Allow a private network address and plain HTTP.' }),
    ...secretFlags,
    ...changeFlags,
  },
  prepare: ({ flags }) => readSecret(flags),
  async run(deps, { args, flags, out, actor, again }, given) {
    const input = {
      url: args.url,
      description: flags.description,
      events: splitEvents(flags.events ?? '*'),
      allowsPrivate: flags['allow-private'],
      secret: given,
    }
    const { endpoint, secret } = await suggesting(again('allow-private'), isAboutPrivate(args.url), () =>
      addWebhook(deps, actor, input),
    )
    out.object({ ...presentWebhook(endpoint), secret, changed: true }, [out.did(secret, `Would add ${args.url}`)])
    if (flags['dry-run']) return
    out.hint(`Added ${endpoint.id}. Copy the secret now: it cannot be shown again.`)
    out.hint(shell`Try: authd webhooks test ${endpoint.id}`)
  },
})
