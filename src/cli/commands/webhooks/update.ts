import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { changeWebhook, pauseWebhook, resumeWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { eventsFlag, splitEvents, withPrivateHint } from '../../webhook-flags.ts'

export default operation({
  description: 'What happens while it is paused is kept for four days and sent once it is resumed.',
  examples: [
    "authd webhooks update whe_06fb2m --events 'session.*'",
    'authd webhooks update whe_06fb2m --pause --reason "moving the shop"',
    'authd webhooks update whe_06fb2m --resume',
  ],
  args: { id: Args.string({ required: true, description: 'Its id, from webhooks list.' }) },
  flags: {
    url: Flags.string({ description: 'Where events are sent.' }),
    ...eventsFlag,
    description: Flags.string({ description: 'What it is for.' }),
    'allow-private': Flags.boolean({ allowNo: true, description: 'It may be in a private network, and without TLS.' }),
    pause: Flags.boolean({ description: 'Send nothing until it is resumed.', exclusive: ['resume'] }),
    resume: Flags.boolean({ description: 'Send again, what waits first.' }),
    ...reasonFlag,
    ...dryRunFlag,
  },
  async run(deps, { args, flags, out, actor }) {
    const { id } = args
    const change = {
      ...(flags.url !== undefined && { url: flags.url }),
      ...(flags.events !== undefined && { events: splitEvents(flags.events) }),
      ...(flags.description !== undefined && { description: flags.description }),
      ...(flags['allow-private'] !== undefined && { allowsPrivate: flags['allow-private'] }),
    }
    if (Object.keys(change).length === 0 && !flags.pause && !flags.resume) {
      throw new AuthdError('USAGE', {
        message: 'say what to change: --url, --events, --description, --allow-private, --pause or --resume',
      })
    }
    const again = `authd webhooks update ${id}${flags.url === undefined ? '' : ` --url ${flags.url}`}`
    await withPrivateHint(again, flags['allow-private'], async () => {
      const changed = await changeWebhook(deps, actor, { id, change })
      const switched = flags.pause
        ? await pauseWebhook(deps, actor, id)
        : flags.resume
          ? await resumeWebhook(deps, actor, id)
          : { ...changed, isChanged: false }
      const isChanged = changed.isChanged || switched.isChanged
      const text = isChanged ? `Changed ${id}` : `${id} was not changed: it is like that already`
      out.changes([{ resource: presentWebhook(switched.endpoint), isChanged, text }])
    })
  },
})
