import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { type Browser, exchange } from '../support/http-client.ts'
import { ADA, askForCode, askOnPage } from '../support/people.ts'

const RACERS = 20

async function race(authd: Authd, browser: Browser, urls: string[]) {
  const { token, attempt } = await askOnPage(authd, browser)
  const cookie = `authd-attempt=${browser.cookies.get('authd-attempt')}`
  const body = new URLSearchParams({ token, attempt }).toString()
  const headers = {
    Cookie: cookie,
    Host: new URL(authd.url).host,
    Origin: authd.url,
    'Content-Type': 'application/x-www-form-urlencoded',
  }
  const requests = Array.from({ length: RACERS }, (_, index) =>
    exchange(`${urls[index % urls.length]}/signin/link`, { method: 'POST', headers, body }),
  )
  const replies = await Promise.all(requests)
  const sessions = replies.map(({ headers }) => headers.getSetCookie().find((line) => line.startsWith('authd=')))
  return { statuses: replies.map(({ status }) => status), sessions: new Set(sessions) }
}

describe.each(['sqlite', 'postgres'] as const)('concurrent use of a magic link on %s', (database) => {
  test('twenty concurrent requests with one link create one session', async () => {
    const authd = await startAuthd({ database })

    const { statuses, sessions } = await race(authd, authd.browser(), [authd.address])

    expect(new Set(statuses)).toEqual(new Set([303]))
    expect(sessions.size).toBe(1)
    expect((await authd.auditLog()).filter((row) => row.eventType === 'session.created')).toHaveLength(1)
  })

  test('twenty requests with one link at two processes create one session', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()

    const { statuses, sessions } = await race(authd, authd.browser(), [authd.address, other.address])

    expect(new Set(statuses)).toEqual(new Set([303]))
    expect(sessions.size).toBe(1)
    expect((await authd.auditLog()).filter((row) => row.eventType === 'session.created')).toHaveLength(1)
  })

  test('twenty concurrent requests with one code create one session', async () => {
    const authd = await startAuthd({ database })
    const { attemptToken, code } = await askForCode(authd)

    const replies = await Promise.all(
      Array.from({ length: RACERS }, () =>
        authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } }),
      ),
    )

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(replies.map(({ body }) => body.refresh_token)).size).toBe(1)
  })
})

describe.each([['sqlite'], ['postgres']] as const)('an old magic link on %s', (database) => {
  test('an expired, used or replaced link is rejected, also after the clock went back', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    const expired = await askOnPage(authd, browser)
    authd.clock.advance(10 * MINUTE + SECOND)

    const late = await browser.post('/signin/link', { form: { token: expired.token, attempt: expired.attempt } })
    const used = await askOnPage(authd, browser)
    await browser.post('/signin/link', { form: { token: used.token, attempt: used.attempt } })
    authd.clock.advance(11 * SECOND)
    authd.clock.advance(-24 * 60 * MINUTE)
    const again = await browser.post('/signin/link', { form: { token: used.token, attempt: used.attempt } })
    browser.cookies.delete('authd')
    const signedOut = await browser.post('/signin/link', { form: { token: used.token, attempt: used.attempt } })

    expect(late.status).toBe(410)
    // The browser that it signed in is led on, without another session.
    expect([again.headers.get('Location'), again.headers.getSetCookie()]).toEqual(['/account', []])
    expect(signedOut.status).toBe(410)
  })
})

test('a newer mail of an attempt invalidates the earlier link and code', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const older = await askOnPage(authd, browser)
  authd.clock.advance(31 * SECOND)
  const newer = await askOnPage(authd, browser)

  const byOldLink = await browser.post('/signin/link', { form: { token: older.token, attempt: older.attempt } })
  const byOldCode = await browser.post('/signin/code', { form: { attempt: older.attempt, code: older.code } })
  const byNewLink = await browser.post('/signin/link', { form: { token: newer.token, attempt: newer.attempt } })

  expect(newer.attempt).toBe(older.attempt)
  expect(byOldLink.status).toBe(410)
  expect(byOldCode.status).toBe(401)
  expect(byNewLink.status).toBe(303)
})

test('only the holder of the attempt is told that a link was used', async () => {
  const authd = await startAuthd({ config: { signin: { link_urls: ['https://app.example.com/magic'] } } })
  const link_to = 'https://app.example.com/magic'
  const begun = await authd.browser().post('/v1/signin', { json: { email: ADA, link_to } })
  const [mail] = await authd.takeMail()
  const token = new URL(mail?.values['link'] ?? '').searchParams.get('token')
  await authd.browser().post('/v1/signin/link', { json: { token, attempt_token: begun.body.attempt_token } })
  authd.clock.advance(11 * SECOND)

  const holder = await authd
    .browser()
    .post('/v1/signin/link', { json: { token, attempt_token: begun.body.attempt_token } })
  const stranger = await authd.browser().post('/v1/signin/link', { json: { token } })

  expect(holder).toMatchObject({ status: 410, body: { code: 'MAGIC_LINK_USED' } })
  expect(stranger).toMatchObject({ status: 410, body: { code: 'MAGIC_LINK_EXPIRED' } })
})
