import { expect, test } from 'vitest'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import { ADA, askOnPage, signInOnPage } from '../support/people.ts'

const GERMAN = { headers: { 'Accept-Language': 'de' } }

async function started(): Promise<{ authd: Authd; browser: Browser }> {
  const authd = await startAuthd()
  return { authd, browser: authd.browser() }
}

function langOf({ body }: { body: string }): string | undefined {
  return /<html lang="([^"]+)"/.exec(body)?.[1]
}

test('a page has the language of ui_locales, which counts more than Accept-Language', async () => {
  const { authd } = await started()

  const asked = await authd
    .browser()
    .get('/signin?ui_locales=sv%20de-AT%20en', { headers: { 'Accept-Language': 'en' } })
  const unknown = await authd.browser().get('/signin?ui_locales=sv', GERMAN)
  const plain = await authd.browser().get('/signin', GERMAN)

  expect([asked, unknown, plain].map(langOf)).toEqual(['de', 'de', 'de'])
})

test('the chosen language holds for the pages and mails that follow, without the parameter', async () => {
  const { authd, browser } = await started()

  await browser.get('/signin?ui_locales=de')
  await browser.post('/signin', { form: { email: ADA } })
  const mail = await authd.takeProofMail()
  const next = await browser.get('/signin/code', { headers: { 'Accept-Language': 'en' } })
  const lost = await browser.get('/signin/link?token=x', { headers: { 'Accept-Language': 'en' } })

  expect(mail?.lang).toBe('de')
  expect([next, lost].map(langOf)).toEqual(['de', 'de'])
})

test('a script on the pages begins a sign-in in the chosen language, and the field of the request comes first', async () => {
  const { authd, browser } = await started()
  await browser.get('/signin?ui_locales=de')

  await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
  const chosen = await authd.takeProofMail()
  await browser.post('/v1/signin', { json: { email: 'bob@example.com', deliver: 'cookie', lang: 'sv en-GB' } })
  const asked = await authd.takeProofMail()

  expect([chosen?.lang, asked?.lang]).toEqual(['de', 'en'])
})

test('the cookie is set only by a known language, and has the attributes of the others', async () => {
  const { browser } = await started()

  const known = await browser.get('/signin?ui_locales=DE-at')
  const unknown = await browser.get('/signin?ui_locales=sv')
  const absent = await browser.get('/signin')

  const languages = ({ headers }: Reply) => headers.getSetCookie().filter((line) => line.startsWith('authd-language'))
  expect(languages(known)).toEqual(['authd-language=de; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax'])
  expect([...languages(unknown), ...languages(absent)]).toEqual([])
})

test('a cookie with an unknown language is ignored', async () => {
  const { browser } = await started()
  browser.cookies.set('authd-language', '"><script>')

  const shown = await browser.get('/signin', GERMAN)

  expect(langOf(shown)).toBe('de')
  expect(shown.body).not.toContain('<script>')
})

test('a redirect sets the cookie too', async () => {
  const { authd, browser } = await started()
  await signInOnPage(authd, browser)

  const { status, headers } = await browser.get('/signin?ui_locales=de')

  expect(status).toBe(303)
  expect(headers.getSetCookie().join()).toContain('authd-language=de')
})

test('a page that answers a form offers no other language, because it cannot be shown again', async () => {
  const { browser } = await started()

  const asked = await browser.get('/signin')
  const refused = await browser.post('/signin', { form: { email: 'ada' } })

  expect(asked.body).toContain('name="ui_locales"')
  expect(refused.status).toBe(400)
  expect(refused.body).not.toContain('name="ui_locales"')
})

test('HEAD says the length of what GET answers', async () => {
  const { browser } = await started()

  const asked = await browser.get('/signin?ui_locales=de')
  const head = await browser.send('HEAD', '/signin?ui_locales=de')

  expect(head.headers.get('Content-Length')).toBe(String(Buffer.byteLength(asked.body)))
})

test('a link that is opened in another browser shows no form for the language, which would hold the token', async () => {
  const { authd, browser } = await started()
  const { link } = await askOnPage(authd, browser)

  const { pathname, search } = new URL(link)
  const own = await browser.get(pathname + search)
  const elsewhere = await authd.browser().get(pathname + search)

  expect(own.body).toContain('name="ui_locales"')
  expect(elsewhere.body).not.toMatch(/<form|<button|<input/)
})

test('a page that caches may store sets no cookie, and depends on both headers', async () => {
  const { browser } = await started()

  const { body, headers } = await browser.get('/problems/rate-limited?ui_locales=de')

  expect(langOf({ body })).toBe('de')
  expect(headers.getSetCookie()).toEqual([])
  expect(headers.get('Vary')).toContain('Accept-Language, Cookie')
})
