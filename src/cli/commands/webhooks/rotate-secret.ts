import { Args } from '@oclif/core'
import { OVERLAP, rotateWebhookSecret } from '../../../flows/outbox/webhook-endpoint.ts'
import { formatDuration } from '../../../platform/duration.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags, spanFlag } from '../../flags.ts'
import { readSecret, secretFlags } from '../../secret-flag.ts'

export default operation({
  examples: ['authd webhooks rotate-secret whe_06fb2m --overlap 24h'],
  args: {
    id: completing('webhooks', Args.string({ required: true, description: 'Endpoint id, from webhooks list.' })),
  },
  flags: {
    overlap: spanFlag(OVERLAP.mostMs)({
      default: OVERLAP.usualMs,
      description: `How long the previous secret is also used, ${formatDuration(OVERLAP.mostMs)} at most.`,
    }),
    ...secretFlags,
    ...changeFlags,
  },
  prepare: ({ flags }) => readSecret(flags),
  async run(deps, { args, flags, out, actor }, given) {
    const input = { id: args.id, overlapMs: flags.overlap, secret: given }
    const { endpoint, secret } = await rotateWebhookSecret(deps, actor, input)
    out.object({ ...presentWebhook(endpoint), secret, changed: true }, [
      out.did(secret, `Would replace the secret of ${endpoint.id}`),
    ])
    if (flags['dry-run']) return
    out.hint(
      `Deliveries carry both signatures for ${formatDuration(flags.overlap)}. Copy the secret now: it cannot be shown again.`,
    )
  },
})
