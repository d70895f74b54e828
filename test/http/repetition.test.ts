import { describe, expect, test } from 'vitest'
import { SECOND } from '../../src/platform/clock.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { askForCode, askOnPage, signInOnPage } from '../support/people.ts'
import { copyOf, fillForm } from '../support/pressing.ts'

const KEY = '8e03978e-40d5-43e8-bc93-6894a57f9324'

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

test('SECURITY: a copy of a replaced cookie gets nothing for another form, another body or a later press', async () => {
  const authd = await startAuthd()
  const owner = authd.browser()
  await signInOnPage(authd, owner)
  const { secret } = await enrolTotp(authd, owner)
  authd.clock.advance(30 * SECOND)
  const page = await owner.get('/account/confirm')
  const form = fillForm(page.body, '/account/confirm', { method: 'totp', code: totpCode(authd, secret) })
  const [thief, other, late] = [copyOf(authd, owner), copyOf(authd, owner), copyOf(authd, owner)]
  await owner.post('/account/confirm', { form })

  const byOtherForm = await thief.post('/account/confirm', { form: { ...form, once: 'A'.repeat(43) } })
  const byOtherBody = await other.post('/account/confirm', { form: { ...form, next: '/account/email' } })
  authd.clock.advance(11 * SECOND)
  const later = await late.post('/account/confirm', { form })

  for (const { headers } of [byOtherForm, byOtherBody, later]) {
    expect(headers.get('Location')).toBe('/signin?notice=ended')
    expect(headers.getSetCookie()).toEqual([])
  }
  expect((await owner.get('/v1/session')).status).toBe(200)
})

test('SECURITY: who knows the attempt and the code, but not the secret of its browser, gets no session of the first', async () => {
  const authd = await startAuthd()
  const owner = authd.browser()
  const { attempt, code } = await askOnPage(authd, owner)
  const form = { attempt, code }
  const thief = authd.browser()
  thief.cookies.set('authd-attempt', `${attempt}.${'A'.repeat(43)}`)
  await owner.post('/signin/code', { form })

  const stolen = await thief.post('/signin/code', { form })

  expect(stolen.status).not.toBe(303)
  expect(thief.cookies.get('authd')).toBeUndefined()
})

test('SECURITY: another caller with the same Idempotency-Key and body gets no answer of the first', async () => {
  const authd = await startAuthd()
  const [ada, eve] = [authd.browser(), authd.browser()]
  await signInOnPage(authd, ada)
  await enrolTotp(authd, ada)
  await signInOnPage(authd, eve, 'eve@example.com')
  const headers = { 'Idempotency-Key': KEY }

  const own = await ada.post('/v1/me/recovery-codes', { headers })
  const others = await eve.post('/v1/me/recovery-codes', { headers })
  const nobodys = await authd.browser().post('/v1/me/recovery-codes', { headers })

  expect([own.status, others.status, nobodys.status]).toEqual([200, 409, 401])
  expect(others.body.code).toBe('CONFLICT')
})

test('an Idempotency-Key with another body is an error, and so is one that can be guessed', async () => {
  const authd = await startAuthd()
  const send = (email: string, key: string) =>
    authd.browser().post('/v1/signin', { json: { email }, headers: { 'Idempotency-Key': key } })

  const first = await send('ada@example.com', KEY)
  const quoted = await send('ada@example.com', `"${KEY}"`)
  const reused = await send('eve@example.com', KEY)
  const short = await send('ada@example.com', '1')

  expect(quoted.body).toEqual(first.body)
  expect(reused).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
  expect(short).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
  expect((await authd.takeMail()).map(({ to }) => to)).toEqual(['ada@example.com'])
})

test('new recovery codes are shown again to their session, until they are confirmed as saved or ten minutes are over', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await enrolTotp(authd, browser)
  const asked = await browser.get('/account/recovery-codes')
  const form = fillForm(asked.body, '/account/recovery-codes')
  const [lost, stranger] = [copyOf(authd, browser), authd.browser()]
  await lost.post('/account/recovery-codes', { form })

  const made = await browser.post('/account/recovery-codes', { form })
  const [seen, reloaded] = [
    await browser.get('/account/recovery-codes/new'),
    await lost.get('/account/recovery-codes/new'),
  ]
  await signInOnPage(authd, stranger)
  const elsewhere = await stranger.get('/account/recovery-codes/new')
  const saved = await browser.post('/account/recovery-codes/saved', { form: {} })
  const after = await browser.get('/account/recovery-codes/new')

  const codesIn = (html: string) => html.match(/<li><code>[^<]+/g)
  expect(made.headers.get('Location')).toBe('/account/recovery-codes/new')
  expect(codesIn(seen.body)).toHaveLength(10)
  expect(codesIn(reloaded.body)).toEqual(codesIn(seen.body))
  expect(elsewhere.headers.get('Location')).not.toBeNull()
  expect(saved.headers.get('Location')).toBe('/account?done=codes_saved')
  expect(after.headers.get('Location')).toBe('/account/recovery-codes')
})
