import type { Deps } from '../../deps.ts'
import { DAY } from '../../platform/clock.ts'
import { findLastAuditSeq } from '../../store/audit-logs.ts'
import { findWebhookEndpoint, insertWebhookEndpoint, type WebhookEndpoint } from '../../store/webhook-endpoints.ts'
import { SYSTEM } from '../record-event.ts'
import { changeWebhook, checkedSecret, recordWebhook, removeWebhook, rotateWebhookSecret } from './webhook-endpoint.ts'
import { secretContext, secretsOf } from './webhook-request.ts'

/** The endpoint that the configuration names. */
const CONFIGURED = 'whe_config'
const CONFIGURED_BY = 'config'

/** Adds, changes or removes the endpoint of the configuration. Called when a daemon starts. */
export async function adoptConfiguredWebhook(deps: Deps): Promise<void> {
  const { url, secret: text, events } = deps.config.current().webhooks
  const before = await deps.db.read((sql) => findWebhookEndpoint(sql, CONFIGURED))
  if (url === undefined || text === undefined) {
    if (before) await removeWebhook(deps, SYSTEM, CONFIGURED)
    return
  }
  // The author of the configuration may use private addresses.
  const about = { url, description: 'of the configuration', events: [...events], allowsPrivate: true }
  const secret = checkedSecret(text)
  if (!before) {
    await deps.db.write(async (trx) => {
      const secretSealed = deps.keys.seal(secretContext(CONFIGURED), secret)
      const cursorSeq = await findLastAuditSeq(trx)
      const made = { createdAt: deps.clock.now(), createdBy: CONFIGURED_BY, cursorSeq }
      // Of several instances that start at once, one adds it.
      if (!(await insertWebhookEndpoint(trx, { id: CONFIGURED, ...about, secretSealed, ...made }))) return
      await recordWebhook(deps, trx, SYSTEM, 'webhook.added', { id: CONFIGURED, ...about })
    })
    return
  }
  await changeWebhook(deps, SYSTEM, { id: CONFIGURED, change: about })
  if (secretsOf(deps, before, deps.clock.now())[0] === secret) return
  await rotateWebhookSecret(deps, SYSTEM, { id: CONFIGURED, overlapMs: DAY, secret })
}

/** The secret of the configuration's endpoint, as `whsec_…`. Undefined for other endpoints. */
export function secretOfConfigured(deps: Pick<Deps, 'keys' | 'clock'>, endpoint: WebhookEndpoint): string | undefined {
  return endpoint.createdBy === CONFIGURED_BY ? secretsOf(deps, endpoint, deps.clock.now())[0] : undefined
}
