import { expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'
import { ADA, askOnPage } from '../support/people.ts'

const ALLOWED = 'https://app.example.com/in'

/** Spellings from known open redirects, applied to one allowed address. */
const SPELLINGS = [
  'https://evil.example',
  'https://evil.example/in',
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/%09/evil.example',
  '/%2f/evil.example',
  '/%5cevil.example',
  '/.evil.example',
  '/..//evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https:\\\\evil.example',
  'http://app.example.com/in',
  'HTTPS://app.example.com/in',
  'https://APP.example.com/in',
  'https://app.example.com:443/in',
  'https://app.example.com:8443/in',
  'https://app.example.com/in/',
  'https://app.example.com/in?x=1',
  'https://app.example.com/in#x',
  'https://app.example.com/./in',
  'https://app.example.com/x/../in',
  'https://app.example.com/%69n',
  'https://app.example.com',
  'https://app.example.com.evil.example/in',
  'https://app.example.com@evil.example/in',
  'https://user@app.example.com/in',
  'https://evil.example\\@app.example.com/in',
  'https://evil.example#@app.example.com/in',
  'https://evil.example?https://app.example.com/in',
  'https://evilapp.example.com/in',
  'https://app.example.com。evil.example/in',
  'https://app.example.com\u0000.evil.example/in',
  ' https://app.example.com/in',
  'https://app.example.com/in ',
  'https://app.example.com/in\r\nSet-Cookie: a=b',
  'javascript:alert(1)',
  'data:text/html,x',
]

const config = { signin: { redirect_urls: [ALLOWED], link_urls: [ALLOWED] } }

test(`${SPELLINGS.length} spellings of a redirect are rejected by API and pages, and none is mailed`, async () => {
  const authd = await startAuthd({ config })

  const opened = []
  for (const spelling of SPELLINGS) {
    const browser = authd.browser()
    const replies = [
      await browser.post('/v1/signin', { json: { email: ADA, redirect_to: spelling } }),
      await browser.post('/v1/signin', { json: { email: ADA, link_to: spelling } }),
      await browser.post('/signin', { form: { email: ADA, redirect_to: spelling } }),
      await browser.get(`/signin?redirect_to=${encodeURIComponent(spelling)}`),
    ]
    opened.push(...replies.filter(({ status }) => status !== 400).map(({ status }) => [spelling, status]))
    expect(replies.map(({ headers }) => headers.get('Location'))).toEqual([null, null, null, null])
  }

  expect(SPELLINGS).toHaveLength(44)
  expect(opened).toEqual([])
  expect(await authd.takeMail()).toEqual([])
})

test('the allowed address is accepted everywhere', async () => {
  const authd = await startAuthd({ config })

  const byRedirect = await authd.browser().post('/v1/signin', { json: { redirect_to: ALLOWED } })
  const byLink = await authd.browser().post('/v1/signin', { json: { link_to: ALLOWED } })
  const page = await authd.browser().get(`/signin?redirect_to=${encodeURIComponent(ALLOWED)}`)

  expect([byRedirect.status, byLink.status, page.status]).toEqual([201, 201, 200])
})

test('every form answers with 303 and stays on authd’s origin', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()

  const { asked, attempt, code } = await askOnPage(authd, browser)
  const done = await browser.post('/signin/code', { form: { attempt, code } })
  const out = await browser.post('/signout', { form: {} })

  expect([asked, done, out].map(({ status }) => status)).toEqual([303, 303, 303])
  expect([asked, done, out].map(({ headers }) => headers.get('Location'))).toEqual([
    `/signin/code?attempt=${attempt}`,
    '/account/passkeys/new?offer=1',
    '/signin?notice=signed_out',
  ])
})
