import { expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { answering, webhookReceiver } from '../support/webhook-receiver.ts'

async function asAdmin(authd: Authd) {
  const scopes = ['webhooks:read', 'webhooks:write', 'mail:read', 'mail:write'] as const
  const key = { name: 'admin', scopes: [...scopes], expiresAt: null }
  const { token } = await createApiKey(authd.deps, SYSTEM, key)
  const headers = { Authorization: `Bearer ${token}` }
  const browser = authd.browser()
  return {
    get: async (path: string) => await browser.get(path, { headers }),
    post: async (path: string, json: object = {}) => await browser.post(path, { headers, json }),
    patch: async (path: string, json: object) => await browser.send('PATCH', path, { headers, json }),
  }
}

test('the API adds only public endpoints, shows their secret once, and cannot move one into a private network', async () => {
  const authd = await startAuthd()
  const admin = await asAdmin(authd)

  const added = await admin.post('/admin/webhooks', { url: 'https://app.example.com/events', events: ['user.*'] })
  const { id, secret } = added.body as { id: string; secret: string }
  const listed = await admin.get('/admin/webhooks')
  const asked = await admin.post('/admin/webhooks', { url: 'https://10.0.0.1/events' })
  const claimed = await admin.post('/admin/webhooks', { url: 'https://10.0.0.1/events', allow_private: true })
  const moved = await admin.patch(`/admin/webhooks/${id}`, { url: 'http://127.0.0.1:1/events' })

  expect([added.status, asked.status, claimed.status, moved.status]).toEqual([201, 400, 400, 400])
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(listed.body).toMatchObject([{ id, url: 'https://app.example.com/events', state: 'active' }])
  expect(JSON.stringify(listed.body)).not.toContain(secret.slice(6))
})

test('an API key cannot move a private endpoint of an operator to another private address', async () => {
  const authd = await startAuthd()
  const admin = await asAdmin(authd)
  const { addWebhook } = await import('../../src/flows/outbox/webhook-endpoint.ts')
  const input = { url: 'http://10.0.0.1/events', description: '', events: ['*'], allowsPrivate: true }
  const { endpoint } = await addWebhook(authd.deps, SYSTEM, input)

  const moved = await admin.patch(`/admin/webhooks/${endpoint.id}`, { url: 'http://10.0.0.2/events' })
  const described = await admin.patch(`/admin/webhooks/${endpoint.id}`, { description: 'shop' })

  expect([moved.status, moved.body.details.errors]).toEqual([400, [{ pointer: '/url', code: 'INVALID' }]])
  expect(described.body).toMatchObject({ url: 'http://10.0.0.1/events', description: 'shop', allow_private: true })
})

test.each([
  [{ url: 'ftp://app.example.com' }, '/url', 'url: "ftp://app.example.com" cannot be an endpoint.'],
  [{ url: 'https://u:p@app.example.com' }, '/url', 'must not contain a user name or password'],
  [{ url: 'https://app.example.com', events: ['usr.*'] }, '/events', '"usr.*" is not an event'],
  [{ url: 'https://app.example.com', events: [] }, '/events', 'name at least one'],
])('%j is rejected, and the field is named', async (body, pointer, words) => {
  const authd = await startAuthd()
  const admin = await asAdmin(authd)

  const { status, body: said } = await admin.post('/admin/webhooks', body)

  expect([status, said]).toMatchObject([400, { code: 'VALIDATION_ERROR', details: { errors: [{ pointer }] } }])
  expect(said).toHaveProperty('message', expect.stringContaining(words))
})

test('a delivery is shown with its attempts, sent again, and counted', async () => {
  const authd = await startAuthd()
  const admin = await asAdmin(authd)
  const receiver = await webhookReceiver()
  receiver.answer = answering(500)
  const { addWebhook } = await import('../../src/flows/outbox/webhook-endpoint.ts')
  authd.clock.advance(1)
  const input = { url: receiver.url, description: '', events: ['api_key.created'], allowsPrivate: true }
  const { endpoint } = await addWebhook(authd.deps, SYSTEM, input)
  await createApiKey(authd.deps, SYSTEM, { name: 'other', scopes: ['introspect'], expiresAt: null })
  await authd.sendWebhooks()

  const { body: page } = await admin.get(`/admin/webhook-deliveries?endpoint=${endpoint.id}`)
  const [{ id }] = page as [{ id: string }]
  const before = await admin.get(`/admin/webhook-deliveries/${id}`)
  receiver.answer = answering(204)
  const again = await admin.post(`/admin/webhook-deliveries/${id}/redeliver`)
  await authd.sendWebhooks()
  const after = await admin.get(`/admin/webhook-deliveries/${id}`)
  const { text: metrics } = await authd.deps.metrics.render()

  expect(before.body).toMatchObject({
    delivery: { event: 'api_key.created', state: 'pending', tries: 1, last_error: '500 what it says' },
    attempts: [{ number: 1, outcome: 'postponed', response: '500 what it says' }],
  })
  expect(again.status).toBe(202)
  expect(after.body).toMatchObject({ delivery: { state: 'sent' } })
  expect(metrics).toContain('webhook_deliveries_total{status="failure"} 1')
  expect(metrics).toContain('webhook_deliveries_total{status="success"} 1')
})

test('a test delivery says that it is a test, and shows the response', async () => {
  const authd = await startAuthd()
  const admin = await asAdmin(authd)
  const receiver = await webhookReceiver()
  const { addWebhook } = await import('../../src/flows/outbox/webhook-endpoint.ts')
  const input = { url: receiver.url, description: '', events: ['user.*'], allowsPrivate: true }
  const { endpoint } = await addWebhook(authd.deps, SYSTEM, input)
  receiver.answer = answering(418)

  const tried = await admin.post(`/admin/webhooks/${endpoint.id}/test`, { event: 'session.revoked' })

  expect(tried.body).toMatchObject({ accepted: false, status: 418, body: 'what it says' })
  expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ type: 'session.revoked', data: { test: true } })
})
