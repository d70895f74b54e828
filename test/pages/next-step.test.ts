import { expect, test } from 'vitest'
import { SECOND } from '../../src/platform/clock.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { translatorFor } from '../../src/platform/texts/translate.ts'
import { startAuthd } from '../support/harness.ts'
import { askOnPage, signInOnPage } from '../support/people.ts'
import { type Face, PAGES } from './samples.ts'

const shown = (face: string, lang = 'en') => PAGES[face as Face]({ lang })

test('the page of a code and its mail name the same time', async () => {
  const authd = await startAuthd({ config: { signin: { ttl: '7m' } } })
  const browser = authd.browser()

  const { asked } = await askOnPage(authd, browser)
  const page = await browser.get(asked.headers.get('Location') ?? '')

  expect(page.body).toContain('Both work for 7 minutes.')
  expect(translatorFor('en').t('mail.signin.ends', { count: 7 })).toContain('7 minutes')
})

test.for(languages())('the page of a code in %s has the number of minutes', (lang) => {
  expect(shown('code', lang)).toMatch(/id="code-hint">[^<]*(10|١٠)/)
})

test('a set-up that is sent without a code asks for it, and does not blame the clock', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/account/totp/setup', { form: {} })

  const { status, body } = await browser.post('/account/totp', { form: { code: ' ' } })

  expect(status).toBe(400)
  expect(body).toMatch(/id="fault">Enter the code that the app shows\.</)
  expect(body).toContain('class="secret"')
  expect(body).toContain('<a href="/account">Back to your account</a>')
})

test('what is said before a factor is removed includes the recovery codes that go with it', () => {
  const sentence = 'Your recovery codes are removed too.'

  expect(shown('totp, on')).toContain(sentence)
  expect(shown('passkey')).toContain(sentence)
  expect(shown('totp, off')).not.toContain(sentence)
})

test('the page of a new address sends another mail, and says when it cannot yet', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const email = 'ada@example.org'
  await browser.post('/account/email', { form: { email } })
  const { body } = await browser.get('/account/email/code')
  const again = { form: { email, again: '1' } }

  const early = await browser.post('/account/email', again)
  authd.clock.advance(60 * SECOND)
  const later = await browser.post('/account/email', again)
  const page = await browser.get(later.headers.get('Location') ?? '')

  expect(body).toMatch(/name="email" value="ada@example\.org">\s*<input [^>]*name="again"/)
  expect(body).toContain('Send another mail')
  expect([early.status, later.status]).toEqual([429, 303])
  expect(early.body).toContain('No new mail was sent.')
  expect(early.body).toContain('action="/account/email/code"')
  expect(page.body).toContain('We sent another mail. Only the newest code works.')
})
