import { Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { changeWebhook, findWebhook, pauseWebhook, resumeWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { changeFlags, endpointsArg, refuseFlags, typedFlag } from '../../flags.ts'
import type { Change } from '../../output/output.ts'
import { suggesting } from '../../output/report.ts'
import { eventsFlag, isAboutPrivate, splitEvents } from '../../webhook-flags.ts'

export default operation({
  description: 'Events during a pause are kept for four days and sent after it.',
  examples: [
    "authd webhooks update whe_06fb2m --events 'session.*'",
    'authd webhooks update whe_06fb2m --pause --reason "moving the shop"',
    'authd webhooks update whe_06fb2m --resume',
  ],
  args: endpointsArg,
  takesMany: 'known',
  flags: {
    url: Flags.string({ description: 'URL that receives the events.' }),
    ...eventsFlag,
    description: typedFlag('webhook_description', { least: 0 })({ description: 'Description.' }),
    'allow-private': Flags.boolean({ allowNo: true, description: 'Allow a private network address and plain HTTP.' }),
    pause: Flags.boolean({ description: 'Pause deliveries until --resume.', exclusive: ['resume'] }),
    resume: Flags.boolean({ description: 'Resume deliveries, oldest first.' }),
    ...changeFlags,
  },
  prepare({ flags, names }) {
    if (names.length > 1) refuseFlags(flags, ['url'], 'goes with one endpoint only.')
    const change = {
      ...(flags.url !== undefined && { url: flags.url }),
      ...(flags.events !== undefined && { events: splitEvents(flags.events) }),
      ...(flags.description !== undefined && { description: flags.description }),
      ...(flags['allow-private'] !== undefined && { allowsPrivate: flags['allow-private'] }),
    }
    if (Object.keys(change).length === 0 && !flags.pause && !flags.resume) {
      throw new AuthdError('USAGE', {
        message: 'Nothing to change. Use --url, --events, --description, --allow-private, --pause or --resume.',
      })
    }
    return change
  },
  async run(deps, { flags, each, out, actor, again }, change) {
    const changes: Change[] = []
    for (const { id } of await each((name) => findWebhook(deps, name))) {
      await suggesting(again('allow-private'), isAboutPrivate(flags.url), async () => {
        const changed = await changeWebhook(deps, actor, { id, change })
        const switched = flags.pause
          ? await pauseWebhook(deps, actor, id)
          : flags.resume
            ? await resumeWebhook(deps, actor, id)
            : { ...changed, isChanged: false }
        const isChanged = changed.isChanged || switched.isChanged
        const text = isChanged ? `${out.did('Changed', 'Would change')} ${id}` : `${id} is unchanged`
        changes.push({ resource: presentWebhook(switched.endpoint), isChanged, text })
      })
    }
    out.changes(changes)
  },
})
