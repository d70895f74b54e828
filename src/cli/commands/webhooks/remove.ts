import { findWebhook, removeWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { changeFlags, endpointsArg } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd webhooks remove whe_06fb2m --yes'],
  args: endpointsArg,
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { each, out, actor, confirm }) {
    const endpoints = await each((id) => findWebhook(deps, id))
    const which = endpoints.length === 1 ? endpoints[0]?.url : counted(endpoints.length, 'endpoint')
    if (endpoints.length > 0) await confirm(`Remove ${which}? Waiting deliveries are not sent.`)
    const changes = []
    for (const { id, url } of endpoints) {
      const resource = presentWebhook(await removeWebhook(deps, actor, id))
      changes.push({ resource, isChanged: true, text: `${out.did('Removed', 'Would remove')} ${id}  ${url}` })
    }
    out.changes(changes)
  },
})
