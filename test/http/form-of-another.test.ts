import { expect, test } from 'vitest'
import { PAGES } from '../../src/http/pages/mount.ts'
import { startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const ZOE = 'zoe@example.com'
const FIELDS = {
  ...{ name: 'Ada', email: 'ada2@example.com', code: '123456', challenge_id: 'x', credential: '{}' },
  ...{ session: 'ses_00000000000000000000000000', next: '/account', method: 'totp' },
}
const onceOf = (html: string) => html.match(/name="once" value="([^"]+)"/)?.[1] ?? ''
const isSignedIn = async (browser: Browser) => (await browser.get('/v1/session')).status === 200

/** The forms of the account pages and of the page that signs out. */
const OWN = PAGES.filter(({ method, isOwn }) => method === 'POST' && isOwn).map(({ path }) => path)

test('every form of the account, and that which signs out, acts on the account that it was shown for', () => {
  const guarded = PAGES.filter(({ method, guard }) => method === 'POST' && guard).map(({ path }) => path)

  expect(guarded.length).toBeGreaterThan(12)
  expect(OWN).toEqual(expect.arrayContaining([...guarded, '/signout']))
})

test.for(OWN)('a form of Ada to %s does nothing to Zoe, who has signed in in another tab', async (path) => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser, ADA)
  const once = onceOf((await browser.get('/account/delete')).body)
  await browser.post('/signout', { form: { once: onceOf((await browser.get('/signout')).body) } })
  await signInOnPage(authd, browser, ZOE)
  const before = await authd.auditLog()

  const form = { ...FIELDS, once }
  const pressed = await browser.post(path.replace(/:\w+/, 'pk_00000000000000000000000000'), { form })
  const said = await browser.get(pressed.headers.get('Location') ?? '')

  expect([pressed.status, pressed.headers.get('Location')]).toEqual([303, '/account?done=other_account'])
  expect(said.body).toContain('Another account has signed in in this browser meanwhile')
  expect(said.body).toContain('zoe@')
  expect(await isSignedIn(browser)).toBe(true)
  expect(await authd.auditLog()).toEqual(before)
})

test.for(OWN.filter((path) => path !== '/signout'))(
  'a form to %s says that the sign-in has ended meanwhile',
  async (path) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const once = onceOf((await browser.get('/account/delete')).body)
    await browser.post('/signout', { form: {} })

    const form = { ...FIELDS, once }
    const pressed = await browser.post(path.replace(/:\w+/, 'pk_00000000000000000000000000'), { form })
    const said = await browser.get(pressed.headers.get('Location') ?? '')

    expect(pressed.headers.get('Location')).toBe('/signin?notice=ended')
    expect(said.body).toContain('You are not signed in any more. What you pressed last did nothing.')
  },
)
