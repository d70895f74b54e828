import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA } from '../support/people.ts'

describe.each(['sqlite', 'postgres'] as const)('another mail on %s', (database) => {
  test('requested twenty times at once is sent once, and the other requests must wait', async () => {
    const authd = await startAuthd({ database })
    const begun = await authd.browser().post('/v1/signin', { json: { email: ADA } })
    await authd.takeMail()
    authd.clock.advance(30 * SECOND)

    const json = { attempt_token: begun.body.attempt_token }
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => authd.browser().post('/v1/signin/email', { json })),
    )

    const statuses = replies.map(({ status }) => status).sort()
    expect(statuses).toEqual([202, ...Array.from({ length: 19 }, () => 429)])
    expect(replies.find(({ status }) => status === 429)?.headers.get('Retry-After')).toBe('30')
    const events = (await authd.auditLog()).filter(({ eventType }) => eventType === 'magic_link.requested')
    expect(events).toHaveLength(2)
    expect(await authd.takeMail()).toHaveLength(1)
  })

  test('for one address in one browser, requested in twenty tabs, is sent once', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await browser.post('/signin', { form: { email: ADA } })
    await authd.takeMail()
    authd.clock.advance(30 * SECOND)

    await Promise.all(Array.from({ length: 20 }, () => browser.post('/signin', { form: { email: ADA } })))

    const events = (await authd.auditLog()).filter(({ eventType }) => eventType === 'magic_link.requested')
    expect(events).toHaveLength(2)
    expect(await authd.takeMail()).toHaveLength(1)
  })
})
