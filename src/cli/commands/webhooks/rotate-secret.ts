import { Args, Flags } from '@oclif/core'
import { rotateWebhookSecret } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation, reasonFlag } from '../../command.ts'
import { parseSpan } from '../../output/time.ts'
import { readSecret, secretFlags } from '../../secret-flag.ts'

export default operation({
  examples: ['authd webhooks rotate-secret whe_06fb2m --overlap 24h'],
  args: { id: Args.string({ required: true, description: 'Endpoint id, from webhooks list.' }) },
  flags: {
    overlap: Flags.string({ default: '24h', description: 'How long the previous secret is also used, 30d at most.' }),
    ...secretFlags,
    ...reasonFlag,
  },
  async run(deps, { args, flags, out, actor }) {
    const overlapMs = parseSpan(flags.overlap, 'overlap', { most: '30d' })
    const input = { id: args.id, overlapMs, secret: readSecret(flags) }
    const { endpoint, secret } = await rotateWebhookSecret(deps, actor, input)
    out.object({ ...presentWebhook(endpoint), secret, changed: true }, [secret])
    out.hint(`Deliveries carry both signatures for ${flags.overlap}. Copy the secret now: it cannot be shown again.`)
  },
})
