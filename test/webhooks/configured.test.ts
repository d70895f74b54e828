import { expect, test } from 'vitest'
import { adoptConfiguredWebhook, secretOfConfigured } from '../../src/flows/outbox/configured-webhook.ts'
import { listWebhooks } from '../../src/flows/outbox/webhook-endpoint.ts'
import { secretsOf } from '../../src/flows/outbox/webhook-request.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { startAuthd } from '../support/harness.ts'
import { typesOf, webhookReceiver } from '../support/webhook-receiver.ts'

const RAW = 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F'

test('the short form in the configuration is an endpoint like the others and uses the bytes of its secret unchanged', async () => {
  const receiver = await webhookReceiver()
  const webhooks = { url: receiver.url, secret: RAW, events: ['user.*'] }
  const authd = await startAuthd({ config: { webhooks } })
  await adoptConfiguredWebhook(authd.deps)
  await adoptConfiguredWebhook(authd.deps)
  await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type: 'user.registered' }))

  await authd.sendWebhooks()

  const [endpoint, ...more] = await listWebhooks(authd.deps)
  expect(more).toEqual([])
  expect(endpoint && secretOfConfigured(authd.deps, endpoint)).toBe(`whsec_${Buffer.from(RAW).toString('base64')}`)
  expect(typesOf(receiver)).toEqual(['user.registered'])
})

test('a start with another secret rotates it, one with another URL moves it, one without removes it', async () => {
  const receiver = await webhookReceiver()
  const first = await startAuthd({ config: { webhooks: { url: 'http://localhost:1/x', secret: RAW } } })
  await adoptConfiguredWebhook(first.deps)
  const restart = async (webhooks: object) => {
    const next = await first.another({ webhooks })
    await adoptConfiguredWebhook(next.deps)
    return await listWebhooks(next.deps)
  }

  const [moved] = await restart({ url: receiver.url, secret: RAW })
  const [rotated] = await restart({ url: receiver.url, secret: `${RAW}2` })
  const gone = await restart({})

  expect(moved).toMatchObject({ url: receiver.url, previousUntil: null })
  expect(rotated?.previousUntil).toBeGreaterThan(first.clock.now())
  expect(gone).toEqual([])
})

test.each(['sqlite', 'postgres'] as const)(
  'several instances that start at once create one endpoint (%s)',
  async (database) => {
    const webhooks = { url: 'http://localhost:1/x', secret: RAW }
    const first = await startAuthd({ database, config: { webhooks } })
    const all = [first, await first.another(), await first.another()]

    await Promise.all(all.map(({ deps }) => adoptConfiguredWebhook(deps)))

    expect((await listWebhooks(first.deps)).length).toBe(1)
    const added = (await first.auditLog()).filter(({ eventType }) => eventType === 'webhook.added')
    expect(added.length).toBe(1)
  },
)

test.each(['sqlite', 'postgres'] as const)(
  'several instances that start at once with another secret rotate it once, and remove the endpoint once (%s)',
  async (database) => {
    const first = await startAuthd({ database, config: { webhooks: { url: 'http://localhost:1/x', secret: RAW } } })
    await adoptConfiguredWebhook(first.deps)
    const startAll = async (webhooks: object) => {
      const all = [
        await first.another({ webhooks }),
        await first.another({ webhooks }),
        await first.another({ webhooks }),
      ]
      await Promise.all(all.map(({ deps }) => adoptConfiguredWebhook(deps)))
      return await listWebhooks(first.deps)
    }

    const [rotated] = await startAll({ url: 'http://localhost:1/x', secret: `${RAW}2` })
    const valid = rotated && secretsOf(first.deps, rotated, first.clock.now())
    const gone = await startAll({})

    expect(valid).toEqual([`${RAW}2`, RAW].map((secret) => `whsec_${Buffer.from(secret).toString('base64')}`))
    expect(gone).toEqual([])
    const types = (await first.auditLog())
      .map(({ eventType }) => eventType)
      .filter((type) => type.startsWith('webhook.'))
    expect(types.toSorted()).toEqual(['webhook.added', 'webhook.removed', 'webhook.secret_rotated'])
  },
)
