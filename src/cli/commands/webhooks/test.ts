import { Args, Flags } from '@oclif/core'
import { testWebhook } from '../../../flows/outbox/webhook-test.ts'
import { presentWebhookTest } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'

export default operation({
  description: 'Its data holds "test": true. Exits with 1 if the answer is not 2xx.',
  examples: ['authd webhooks test whe_06fb2m', 'authd webhooks test whe_06fb2m --event session.revoked'],
  args: {
    id: completing('webhooks', Args.string({ required: true, description: 'Endpoint id, from webhooks list.' })),
  },
  flags: {
    event: completing('event-types', Flags.string({ default: 'user.registered', description: 'Event to send.' })),
  },
  async run(deps, { args, flags, out }) {
    const test = await testWebhook(deps, { id: args.id, event: flags.event })
    const shown = presentWebhookTest(test)
    const answer = shown.status === null ? 'no answer' : `answered ${shown.status}`
    out.object(shown, [
      `${shown.accepted ? 'ok  ' : 'FAIL'}  ${answer} in ${shown.duration_ms} ms`,
      ...(shown.body === '' ? [] : [shown.body.replace(/\p{Cc}/gu, ' ')]),
    ])
    if (!shown.accepted) process.exitCode = 1
  },
})
