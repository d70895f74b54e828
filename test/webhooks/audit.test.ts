import { describe, expect, test } from 'vitest'
import { cancelMails, listQueue, retryQueued } from '../../src/flows/outbox/queue-admin.ts'
import {
  addWebhook,
  changeWebhook,
  pauseWebhook,
  removeWebhook,
  resumeWebhook,
  rotateWebhookSecret,
} from '../../src/flows/outbox/webhook-endpoint.ts'
import { DAY } from '../../src/platform/clock.ts'
import type { AuditLog } from '../../src/store/audit-logs.ts'
import type { OutboxKind } from '../../src/store/outbox.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { BY_OPERATOR, keyOf, OPERATOR, told } from '../support/told.ts'
import { webhookReceiver } from '../support/webhook-receiver.ts'

const URL = 'https://app.example.com/events'
const REASON = { reason: 'ticket 7' }

async function withEndpoint({ deps }: Authd, url = URL) {
  const input = { url, description: '', events: ['api_key.*'], allowsPrivate: true }
  return (await addWebhook(deps, OPERATOR, input)).endpoint.id
}

async function queued({ deps }: Authd, kind: OutboxKind): Promise<string[]> {
  return (await listQueue(deps, { kind }, { limit: 10, within: 100 })).rows.map(({ id }) => id)
}

/** Operator actions on endpoints and deliveries, and the resulting audit events. */
const STORIES: [what: string, act: (authd: Authd) => Promise<unknown>, expected: Partial<AuditLog>][] = [
  ['a new endpoint', (authd) => withEndpoint(authd), { eventType: 'webhook.added', metadata: { ...REASON, url: URL } }],
  [
    'an endpoint that is changed',
    async (authd) => changeWebhook(authd.deps, OPERATOR, { id: await withEndpoint(authd), change: { events: ['*'] } }),
    {
      eventType: 'webhook.updated',
      metadata: { ...REASON, changed: ['events'], before: { events: ['api_key.*'] }, events: ['*'] },
    },
  ],
  [
    'an endpoint that is paused',
    async (authd) => pauseWebhook(authd.deps, OPERATOR, await withEndpoint(authd)),
    { eventType: 'webhook.paused', metadata: { url: URL, reason: 'operator', operator_reason: 'ticket 7' } },
  ],
  [
    'an endpoint that is tried again',
    async (authd) => {
      const id = await withEndpoint(authd)
      await pauseWebhook(authd.deps, OPERATOR, id)
      await resumeWebhook(authd.deps, OPERATOR, id)
    },
    { eventType: 'webhook.resumed', metadata: { ...REASON, url: URL } },
  ],
  [
    'another secret',
    async (authd) => rotateWebhookSecret(authd.deps, OPERATOR, { id: await withEndpoint(authd), overlapMs: DAY }),
    { eventType: 'webhook.secret_rotated', metadata: { ...REASON, url: URL } },
  ],
  [
    'an endpoint that is removed',
    async (authd) => removeWebhook(authd.deps, OPERATOR, await withEndpoint(authd)),
    { eventType: 'webhook.removed', metadata: { ...REASON, url: URL } },
  ],
  [
    'a delivery that is sent again',
    async (authd) => {
      await withEndpoint(authd, (await webhookReceiver()).url)
      await keyOf(authd, ['introspect'])
      await authd.sendWebhooks()
      await retryQueued(authd.deps, OPERATOR, { kind: 'webhook', ids: await queued(authd, 'webhook') })
    },
    { eventType: 'webhook.retried', metadata: REASON },
  ],
  [
    'a mail that is tried again',
    async (authd) => {
      await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })
      await retryQueued(authd.deps, OPERATOR, { kind: 'mail', ids: await queued(authd, 'mail') })
    },
    { eventType: 'mail.retried', metadata: { ...REASON, template: 'signin' } },
  ],
  [
    'a mail that is not sent any more',
    async (authd) => {
      await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })
      await cancelMails(authd.deps, OPERATOR, await queued(authd, 'mail'))
    },
    { eventType: 'mail.cancelled', metadata: { ...REASON, template: 'signin' } },
  ],
]

describe('SECURITY: the audit log records the actor and the reason, or the old and new value, of', () => {
  test.each(STORIES)('%s', async (_what, act, { metadata = {}, ...expected }) => {
    const authd = await startAuthd()

    await act(authd)

    const event = await told(authd, String(expected.eventType))
    expect(event).toMatchObject({ outcome: 'success', ...BY_OPERATOR, ...expected, metadata })
  })
})
