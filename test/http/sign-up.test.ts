import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { countUsers } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInForTokens } from '../support/people.ts'

async function usersOf(authd: Authd): Promise<number> {
  return await authd.deps.db.read((sql) => countUsers(sql, {}))
}

test('an address becomes a user only by proving it', async () => {
  const authd = await startAuthd()
  const { attemptToken, code } = await askForCode(authd)
  const before = await usersOf(authd)

  await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })

  expect([before, await usersOf(authd)]).toEqual([0, 1])
})

test('with signup.policy domains, only their addresses get a mail', async () => {
  const authd = await startAuthd({ config: { signup: { policy: 'domains', domains: ['example.com'] } } })
  const wanted = ['ada@example.com', 'ada@EXAMPLE.com']
  const others = ['ada@sub.example.com', 'ada@example.org', 'ada@notexample.com', 'example.com@evil.example']

  for (const email of [...wanted, ...others]) await authd.browser().post('/v1/signin', { json: { email } })
  const mails = await authd.takeMail()

  expect(mails.map(({ to }) => to)).toEqual(['ada@example.com', 'ada@example.com'])
})

test('an existing user may still sign in after the policy closes', async () => {
  const authd = await startAuthd()
  await signInForTokens(authd)
  const config = authd.deps.config.current()
  authd.deps.config.current = () => ({ ...config, signup: { ...config.signup, policy: 'closed' } })

  const { userId } = await signInForTokens(authd)

  expect(userId).toMatch(/^usr_/)
})

test('a policy that closes between the mail and its code blocks a new address', async () => {
  const authd = await startAuthd()
  const { attemptToken, code } = await askForCode(authd)
  const config = authd.deps.config.current()
  authd.deps.config.current = () => ({ ...config, signup: { ...config.signup, policy: 'closed' } })

  const reply = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })

  expect(reply.status).toBe(401)
  expect(await usersOf(authd)).toBe(0)
})

test('every spelling of an address is one user', async () => {
  const authd = await startAuthd()

  const ids = []
  for (const email of [ADA, 'ADA@example.com', 'Ada@EXAMPLE.COM'])
    ids.push((await signInForTokens(authd, email)).userId)

  expect(new Set(ids).size).toBe(1)
})

test('an attempt expires ten minutes after its last mail or after thirty in total, and keeps its count of tries', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const first = await askOnPage(authd, browser)
  for (let tries = 0; tries < 5; tries += 1) {
    await browser.post('/signin/code', { form: { attempt: first.attempt, code: '000000' } })
  }

  authd.clock.advance(9 * MINUTE)
  const second = await askOnPage(authd, browser)
  const byCode = await browser.post('/signin/code', { form: { attempt: second.attempt, code: second.code } })
  authd.clock.advance(9 * MINUTE)
  await askOnPage(authd, browser)
  authd.clock.advance(9 * MINUTE)
  const fourth = await askOnPage(authd, browser)
  authd.clock.advance(3 * MINUTE + SECOND)
  const late = await browser.post('/signin/link', { form: { token: fourth.token, attempt: fourth.attempt } })
  const fifth = await askOnPage(authd, browser)

  expect([second.attempt, fourth.attempt]).toEqual([first.attempt, first.attempt])
  expect(byCode.status).toBe(401)
  expect(late.status).toBe(410)
  expect(fifth.attempt).not.toBe(first.attempt)
})

test('a browser holds its three newest attempts, and drops a completed one', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const asked = []
  for (const name of ['a', 'b', 'c', 'd']) asked.push(await askOnPage(authd, browser, `${name}@example.com`))
  const held = () => (browser.cookies.get('authd-attempt') ?? '').split('~').map((token) => token.split('.')[0])
  const before = held()

  const [, second] = asked
  await browser.post('/signin/link', { form: { token: second?.token ?? '', attempt: second?.attempt ?? '' } })

  const [, b, c, d] = asked.map(({ attempt }) => attempt)
  expect(before).toEqual([d, c, b])
  expect(held()).toEqual([d, c])
})
