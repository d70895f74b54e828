import { presentWebhook, type WebhookResource } from '../../../resources/webhook.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<WebhookResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'STATE', value: ({ state, pause_reason }) => (pause_reason ? `${state}: ${pause_reason}` : state) },
  { header: 'URL', value: ({ url }) => url },
  { header: 'EVENTS', value: ({ events }) => events.join(',') },
  { header: 'LAST SUCCESS', value: ({ last_success_at }) => last_success_at, isTime: true },
  { header: 'DESCRIPTION', value: ({ description }) => description },
]

export default class WebhooksList extends OperatorCommand {
  static override summary = 'The endpoints that get events, and how they stand.'
  static override examples = ['authd webhooks list', 'authd webhooks list --json']

  async run(): Promise<void> {
    const { flags } = await this.parse(WebhooksList)
    const { listWebhooks } = await import('../../../flows/outbox/webhook-endpoint.ts')
    const endpoints = await this.withDeps(flags, (deps) => listWebhooks(deps))
    this.output(flags).list(endpoints.map(presentWebhook), COLUMNS)
  }
}
