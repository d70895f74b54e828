import type { Deps } from '../../deps.ts'
import { toSeconds } from '../../platform/clock.ts'
import { signWebhook } from '../../platform/webhook-signature.ts'
import type { WebhookEndpoint } from '../../store/webhook-endpoints.ts'
import { type ToldEvent, webhookBody } from './webhook-body.ts'

/** Posts an event to an endpoint, signed with each secret that is valid now. Throws WebhookError if no answer came. */
export async function postEvent(
  deps: Pick<Deps, 'webhooks' | 'keys' | 'clock'>,
  endpoint: WebhookEndpoint,
  { id, event, stopping }: { id: string; event: ToldEvent; stopping?: AbortSignal },
) {
  const now = deps.clock.now()
  const body = webhookBody(event)
  const signature = signWebhook({ id, body, seconds: Math.trunc(toSeconds(now)) }, secretsOf(deps, endpoint, now))
  return await deps.webhooks.post({
    url: endpoint.url,
    headers: { ...signature, 'content-type': 'application/json', 'user-agent': 'authd' },
    body,
    allowsPrivate: endpoint.allowsPrivate,
    stopping,
  })
}

/** The secrets that sign at a time, newest first. */
export function secretsOf(deps: Pick<Deps, 'keys'>, endpoint: WebhookEndpoint, now: number): string[] {
  const { id, secretSealed, previousSecretSealed, previousUntil } = endpoint
  const sealed = [secretSealed]
  if (previousSecretSealed !== null && previousUntil !== null && previousUntil > now) sealed.push(previousSecretSealed)
  return sealed.map((text) => deps.keys.open(secretContext(id), text))
}

export function secretContext(rowId: string) {
  return { table: 'webhook_endpoints', column: 'secret_sealed', rowId }
}
