import { expect, test } from 'vitest'
import { addWebhook, removeWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { startAuthd } from '../support/harness.ts'

test('a hundred endpoints are the most; after one is removed, another can be added', async () => {
  const { deps } = await startAuthd()
  const add = () =>
    addWebhook(deps, SYSTEM, { url: 'http://127.0.0.1:1/', description: '', events: ['*'], allowsPrivate: true })
  const added = []
  for (let n = 0; n < 100; n += 1) added.push((await add()).endpoint.id)

  await expect(add()).rejects.toMatchObject({ code: 'CONFLICT' })
  await removeWebhook(deps, SYSTEM, added[0] ?? '')

  await expect(add()).resolves.toBeDefined()
})
