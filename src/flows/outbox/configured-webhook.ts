import type { Deps } from '../../deps.ts'
import { DAY } from '../../platform/clock.ts'
import { findLastAuditSeq } from '../../store/audit-logs.ts'
import { insertWebhookEndpoint, lockWebhookEndpoint, type WebhookEndpoint } from '../../store/webhook-endpoints.ts'
import { SYSTEM } from '../record-event.ts'
import {
  changeWebhookIn,
  checkedSecret,
  recordWebhook,
  removeWebhookIn,
  rotateWebhookSecretIn,
} from './webhook-endpoint.ts'
import { secretContext, secretsOf } from './webhook-request.ts'

/** The endpoint that the configuration names. */
const CONFIGURED = 'whe_config'
const CONFIGURED_BY = 'config'

/** Adds, changes or removes the endpoint of the configuration. Called when a daemon starts, also by several at once. */
export async function adoptConfiguredWebhook(deps: Deps): Promise<void> {
  const { url, secret: text, events } = deps.config.current().webhooks
  if (url === undefined || text === undefined) {
    await deps.db.write(async (trx) => {
      const before = await lockWebhookEndpoint(trx, CONFIGURED)
      if (before) await removeWebhookIn(deps, trx, SYSTEM, before)
    })
    return
  }
  // The author of the configuration may use private addresses.
  const about = { url, description: 'of the configuration', events: [...events], allowsPrivate: true }
  const secret = checkedSecret(text)
  await deps.db.write(async (trx) => {
    const secretSealed = deps.keys.seal(secretContext(CONFIGURED), secret)
    const cursorSeq = await findLastAuditSeq(trx)
    const made = { createdAt: deps.clock.now(), createdBy: CONFIGURED_BY, cursorSeq }
    const isNew = await insertWebhookEndpoint(trx, { id: CONFIGURED, ...about, secretSealed, ...made })
    if (isNew) return await recordWebhook(deps, trx, SYSTEM, 'webhook.added', { id: CONFIGURED, ...about })
    const before = await lockWebhookEndpoint(trx, CONFIGURED)
    if (!before) return
    await changeWebhookIn(deps, trx, SYSTEM, before, about)
    await rotateWebhookSecretIn(deps, trx, SYSTEM, before, { secret, overlapMs: DAY })
  })
}

/** The secret of the configuration's endpoint, as `whsec_…`. Undefined for other endpoints. */
export function secretOfConfigured(deps: Pick<Deps, 'keys' | 'clock'>, endpoint: WebhookEndpoint): string | undefined {
  return endpoint.createdBy === CONFIGURED_BY ? secretsOf(deps, endpoint, deps.clock.now())[0] : undefined
}
