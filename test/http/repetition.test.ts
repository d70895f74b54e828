import { describe, expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'
import { askForCode, askOnPage } from '../support/people.ts'

describe.each(['sqlite', 'postgres'] as const)('a sign-in that is sent twice on %s', (database) => {
  test('the code page leads both presses to one session', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    const { attempt, code } = await askOnPage(authd, browser)
    const second = authd.browser()
    for (const [name, value] of browser.cookies) second.cookies.set(name, value)

    const form = { attempt, code }
    const replies = await Promise.all([browser.post('/signin/code', { form }), second.post('/signin/code', { form })])

    expect(replies.map(({ status }) => status)).toEqual([303, 303])
    expect(browser.cookies.get('authd')).toBe(second.cookies.get('authd'))
    expect((await browser.get('/v1/session')).status).toBe(200)
    expect((await authd.auditLog()).filter((row) => row.eventType === 'session.created')).toHaveLength(1)
  })
  test('the code at the API gives both calls the same tokens', async () => {
    const authd = await startAuthd({ database })
    const { attemptToken, code } = await askForCode(authd)
    const json = { code, attempt_token: attemptToken }

    const replies = await Promise.all([
      authd.browser().post('/v1/signin/code', { json }),
      authd.browser().post('/v1/signin/code', { json }),
    ])

    expect(replies.map(({ status }) => status)).toEqual([200, 200])
    expect(replies[0]?.body).toEqual(replies[1]?.body)
  })
})
