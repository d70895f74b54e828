import { expect, test } from 'vitest'
import { withPasskey } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { askForCode, askOnPage } from '../support/people.ts'

test('GET, HEAD and OPTIONS of a link do not sign in and set no cookie', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const { token } = await askOnPage(authd, browser)

  const replies = await Promise.all(
    ['GET', 'HEAD', 'OPTIONS'].map((method) => browser.send(method, `/signin/link?token=${token}`)),
  )

  expect(replies.flatMap(({ headers }) => headers.getSetCookie())).toEqual([])
  expect((await authd.auditLog()).map((row) => row.eventType)).not.toContain('session.created')
})

test('another browser gets no button, cannot sign in by posting the form itself, and leaves the link valid', async () => {
  const authd = await startAuthd()
  const owner = authd.browser()
  const scanner = authd.browser()
  const { token, attempt } = await askOnPage(authd, owner)

  const seen = await scanner.get(`/signin/link?token=${token}`)
  const pressed = await scanner.post('/signin/link', { form: { token, attempt } })
  const byApi = await scanner.post('/v1/signin/link', { json: { token } })
  const again = await scanner.get(`/signin/link?token=${token}`)
  const ownersPage = await owner.get(`/signin/link?token=${token}`)
  const done = await owner.post('/signin/link', { form: { token, attempt } })

  expect(seen.body).not.toContain('<form')
  expect(seen.body).toContain('Firefox on Linux')
  expect(pressed.status).toBe(200)
  expect(byApi.body).toEqual({ status: 'continue_elsewhere' })
  expect(scanner.cookies.size).toBe(0)
  expect(again.status).toBe(200)
  expect(ownersPage.body).toContain('<form')
  expect(done.status).toBe(303)
  expect((await authd.auditLog()).filter((row) => row.eventType === 'magic_link.previewed')).toHaveLength(1)
})

test('the token of another attempt in the same browser does not open a link', async () => {
  const authd = await startAuthd()
  const owner = authd.browser()
  const thief = authd.browser()
  const { token } = await askOnPage(authd, owner)
  const own = await askOnPage(authd, thief, 'mallory@example.com')

  const stolen = await thief.post('/signin/link', { form: { token, attempt: own.attempt } })

  expect(stolen.status).toBe(200)
  expect(thief.cookies.has('authd')).toBe(false)
})

test('SECURITY: the token of another attempt in a body does not open a link', async () => {
  const authd = await startAuthd()
  const { token } = await askOnPage(authd, authd.browser())
  const own = await askForCode(authd, 'mallory@example.com')

  const stolen = await authd.browser().post('/v1/signin/link', { json: { token, attempt_token: own.attemptToken } })

  expect(stolen).toMatchObject({ status: 200, body: { status: 'continue_elsewhere' } })
})

test('a link that was used offers nothing to another browser, also while a second factor is due', async () => {
  const authd = await startAuthd()
  const owner = authd.browser()
  await withPasskey(authd)
  const { token, attempt } = await askOnPage(authd, owner)
  await owner.post('/signin/link', { form: { token, attempt } })

  const seen = await authd.browser().get(`/signin/link?token=${token}`)
  const tried = await authd.browser().post('/v1/signin/link', { json: { token } })

  expect([seen.status, tried.status]).toEqual([410, 410])
})

test('the page of a used link tells only its holder so', async () => {
  const authd = await startAuthd()
  const owner = authd.browser()
  const { token, attempt } = await askOnPage(authd, owner)
  await owner.post('/signin/code', { form: { attempt, code: '000000' } })
  await authd.deps.db.write((trx) => trx.run('UPDATE signin_attempts SET used_at = 1 WHERE id = ?', [attempt]))
  const titleFor = async (browser: Browser, link: string) =>
    /<h1[^>]*>([^<]+)/.exec((await browser.get(`/signin/link?token=${link}`)).body)?.[1]

  const unknown = await titleFor(authd.browser(), `${attempt}.${'A'.repeat(43)}`)
  const elsewhere = await titleFor(authd.browser(), token)
  const own = await titleFor(owner, token)

  expect(unknown).toMatch(/\w/)
  expect(elsewhere).toBe(unknown)
  expect(own).not.toBe(unknown)
})

test('login CSRF: a token in a body does not complete an attempt for a cookie', async () => {
  const authd = await startAuthd()
  const attacker = authd.browser()
  const { code } = await askOnPage(authd, attacker, 'mallory@example.com')
  const attemptToken = attacker.cookies.get('authd-attempt')

  const victim = authd.browser()
  const reply = await victim.post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })

  expect(reply.status).toBe(401)
  expect(victim.cookies.has('authd')).toBe(false)
})
