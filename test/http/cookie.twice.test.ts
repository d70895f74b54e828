import { expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'
import { ADA, askOnPage, signInOnPage } from '../support/people.ts'

const FOREIGN = ['authd=x', 'authd=ses_00000000000000000000000000.AAAA', 'authd=']

async function signedIn() {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const own = `authd=${browser.cookies.get('authd')}`
  const ask = async (cookies: string[]) =>
    await authd.browser().get('/v1/session', { headers: { Cookie: cookies.join('; ') } })
  return { authd, own, ask }
}

test.for(FOREIGN)('a session counts beside another cookie of its name: %s', async (foreign) => {
  const { own, ask } = await signedIn()

  const statuses = [(await ask([own, foreign])).status, (await ask([foreign, own])).status]

  expect(statuses).toEqual([200, 200])
})

test('of two valid sessions the newest counts, in any order', async () => {
  const { authd, own, ask } = await signedIn()
  const other = authd.browser()
  authd.clock.advance(60_000)
  await signInOnPage(authd, other, 'bob@example.com')
  const newer = `authd=${other.cookies.get('authd')}`

  const users = [await ask([own, newer]), await ask([newer, own])].map(({ body }) => body.user.email)

  expect(users).toEqual(['bob@example.com', 'bob@example.com'])
})

test('a session that has ended leaves the older valid one', async () => {
  const { authd, own, ask } = await signedIn()
  const other = authd.browser()
  authd.clock.advance(60_000)
  await signInOnPage(authd, other)
  const newer = `authd=${other.cookies.get('authd')}`
  await other.post('/signout', { form: {} })

  const { status } = await ask([newer, own])

  expect(status).toBe(200)
})

test('at most three values of one cookie are tried', async () => {
  const { own, ask } = await signedIn()
  const junk = ['authd=a', 'authd=b', 'authd=c']

  const statuses = [(await ask([...junk.slice(1), own])).status, (await ask([...junk, own])).status]

  expect(statuses).toEqual([200, 401])
})

test('a sign-in goes on beside another cookie of the attempt', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const { attempt, code } = await askOnPage(authd, browser, ADA)
  const own = `authd-attempt=${browser.cookies.get('authd-attempt')}`

  const Cookie = `authd-attempt=x~y~z; ${own}; authd-attempt=att_00000000000000000000000000.AAAA`
  const { status, headers } = await authd
    .browser()
    .post('/signin/code', { form: { attempt, code }, headers: { Cookie } })

  expect([status, headers.get('Location')]).toEqual([303, '/account/passkeys/new?offer=1'])
})
