import type { WebhookResource } from '../resources/webhook.ts'
import { renderCard } from './output/card.ts'

/** An endpoint as text. */
export function webhookCard(
  endpoint: WebhookResource,
  time: (value: string | null) => string,
  more: [string, string][] = [],
): string[] {
  const { state, pause_reason: why, paused_at: since, failures, next_try_at: next } = endpoint
  const standing = {
    active: 'active',
    failing: `failing, ${failures} in a row; next try ${time(next) || 'at once'}`,
    paused: `paused ${time(since)}: ${why}`,
  }[state]
  return renderCard([
    ['endpoint', endpoint.id],
    ['url', `${endpoint.url}${endpoint.allow_private ? '  (may be private)' : ''}`],
    ['events', endpoint.events.join(', ')],
    ['description', endpoint.description],
    ['state', standing],
    ['last success', time(endpoint.last_success_at) || 'none yet'],
    ['created', `${time(endpoint.created_at)} by ${endpoint.created_by}`],
    ...(endpoint.previous_secret_until === null
      ? []
      : ([['old secret', `signs too until ${time(endpoint.previous_secret_until)}`]] as [string, string][])),
    ...more,
  ])
}
