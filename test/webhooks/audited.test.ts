import { expect, test } from 'vitest'
import { recordEvent, SYSTEM } from '../../src/flows/event.ts'
import { enqueueMail } from '../../src/flows/mail-delivery.ts'
import { cancelMails, listQueue, retryQueued } from '../../src/flows/outbox.ts'
import * as webhook from '../../src/flows/webhook.ts'
import { HOUR, MINUTE } from '../../src/platform/clock.ts'
import { startAuthd } from '../harness.ts'
import { answering, webhookReceiver } from '../webhook-receiver.ts'

const OPERATOR = { ...SYSTEM, actor: 'cli:ada@vm', metadata: { reason: 'a test' } }

test('what an operator does to endpoints, deliveries and mails is audited, with who did it; what changes nothing is not', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  receiver.answer = answering(500)
  const input = { url: receiver.url, description: '', events: ['user.*'], allowsPrivate: true }
  const { endpoint } = await webhook.addWebhook(authd.deps, OPERATOR, input)
  const { id } = endpoint
  await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type: 'user.updated' }))
  await authd.sendWebhooks()
  const { rows } = await listQueue(authd.deps, { kind: 'webhook' }, { limit: 1, within: 1 })
  const mail = { to: 'ada@example.com', template: 'test', lang: 'en', values: {} } as const
  const expiresAt = authd.clock.now() + MINUTE
  const mailId = await authd.deps.db.write((trx) => enqueueMail(authd.deps, trx, { ...mail, expiresAt }))

  await webhook.changeWebhook(authd.deps, OPERATOR, { id, change: { description: 'shop' } })
  await webhook.changeWebhook(authd.deps, OPERATOR, { id, change: { description: 'shop' } })
  await webhook.pauseWebhook(authd.deps, OPERATOR, id)
  await webhook.pauseWebhook(authd.deps, OPERATOR, id)
  await webhook.resumeWebhook(authd.deps, OPERATOR, id)
  await webhook.rotateWebhookSecret(authd.deps, OPERATOR, { id, overlapMs: HOUR })
  await retryQueued(authd.deps, OPERATOR, { kind: 'webhook', ids: rows.map((row) => row.id) })
  await retryQueued(authd.deps, OPERATOR, { kind: 'mail', ids: [mailId] })
  await cancelMails(authd.deps, OPERATOR, [mailId])
  await cancelMails(authd.deps, OPERATOR, [mailId])
  await webhook.removeWebhook(authd.deps, OPERATOR, id)

  const done = (await authd.auditLog()).filter(({ actor }) => actor === OPERATOR.actor)
  expect(done.map(({ eventType }) => eventType)).toEqual([
    'webhook.added',
    'webhook.updated',
    'webhook.paused',
    'webhook.resumed',
    'webhook.secret_rotated',
    'webhook.retried',
    'mail.retried',
    'mail.cancelled',
    'webhook.removed',
  ])
  expect(done[1]?.metadata).toMatchObject({ reason: 'a test', endpoint_id: id, changed: ['description'] })
})
