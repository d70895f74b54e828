import { expect, test } from 'vitest'
import { addWebhook, removeWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { startAuthd } from '../support/harness.ts'

test.each(['sqlite', 'postgres'] as const)(
  'a hundred endpoints are the most, however many are added at once; one that is removed makes room (%s)',
  async (database) => {
    const { deps } = await startAuthd({ database })
    const add = () =>
      addWebhook(deps, SYSTEM, { url: 'http://127.0.0.1:1/', description: '', events: ['*'], allowsPrivate: true })
    const added = []
    for (let n = 0; n < 97; n += 1) added.push((await add()).endpoint.id)

    const last = await Promise.allSettled([add(), add(), add(), add(), add()])

    expect(last.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    await expect(add()).rejects.toMatchObject({ code: 'CONFLICT' })
    await removeWebhook(deps, SYSTEM, added[0] ?? '')

    await expect(add()).resolves.toBeDefined()
  },
)
