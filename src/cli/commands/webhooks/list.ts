import { listWebhooks } from '../../../flows/outbox/webhook-endpoint.ts'
import { presentWebhook, type WebhookResource } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'
import { heldRows } from '../../output/parts.ts'

const COLUMNS: Column<WebhookResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  {
    header: 'STATE',
    isText: true,
    value: ({ state, pause_reason }) => (pause_reason ? `${state}: ${pause_reason}` : state),
  },
  { header: 'URL', isText: true, value: ({ url }) => url },
  { header: 'EVENTS', isText: true, spare: 3, value: ({ events }) => events.join(',') },
  { header: 'LAST SUCCESS', spare: 2, value: ({ last_success_at }) => last_success_at, isTime: true },
  { header: 'DESCRIPTION', isText: true, spare: 1, value: ({ description }) => description },
]

export default operation({
  hasColumns: true,
  examples: ['authd webhooks list', 'authd webhooks list --json'],
  flags: listFlags,
  async run(deps, { flags, out }) {
    const endpoints = await listWebhooks(deps)
    await out.parts(
      heldRows(endpoints.map(presentWebhook), ({ id }) => id),
      COLUMNS,
      flags,
    )
  },
})
