import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, askOnPage, signInOnPage } from '../support/people.ts'

const MINUTE = 60_000
const REDIRECT = 'https://app.example.com/in'
const WITH_APP = { config: { signin: { redirect_urls: [REDIRECT] } } }

let chromium: Awaited<ReturnType<typeof launchBrowser>>

beforeAll(async () => {
  chromium = await launchBrowser()
})

afterAll(() => chromium.close())

async function visit(): Promise<Page> {
  const context = await chromium.newContext()
  onTestFinished(() => context.close())
  return await context.newPage()
}

async function startWithTotp() {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { secret, recoveryCodes } = await enrolTotp(authd, browser)
  authd.clock.advance(MINUTE)
  const fresh = authd.browser()
  const { attempt, code } = await askOnPage(authd, fresh)
  await fresh.post('/signin/code', { form: { attempt, code } })
  const answer = (form: Record<string, string>) => fresh.post('/signin/factor', { form: { attempt, ...form } })
  return { authd, secret, recoveryCodes, fresh, attempt, answer }
}

function faultsIn(html: string) {
  return {
    said: html.match(/class="(?:fault|summary)"/g)?.length ?? 0,
    at: [...html.matchAll(/<input [^>]*id="(\w+)"[^>]*aria-invalid/g)].map(([, id]) => id),
  }
}

test('a wrong code of the app is said once, at its field, and after a second one the page speaks of the clock', async () => {
  const { answer } = await startWithTotp()

  const first = await answer({ method: 'totp', code: '000000' })
  const second = await answer({ method: 'totp', code: '000001', misses: '1' })

  expect(first.status).toBe(401)
  expect(faultsIn(first.body)).toEqual({ said: 1, at: ['totp'] })
  expect(first.body).not.toMatch(/clock/)
  expect(first.body).toContain('name="misses" value="1"')
  expect(second.body).toMatch(/phone sets its clock/)
})

test('the error of a wrong recovery code stands once, at its field, and the field is open', async () => {
  const { answer } = await startWithTotp()

  const { body } = await answer({ method: 'recovery_code', code: 'wrong' })

  expect(faultsIn(body)).toEqual({ said: 1, at: ['recovery_code'] })
  expect(body.indexOf('id="recovery_code"')).toBeLessThan(body.indexOf('<details class="ways">'))
})

test('a wrong code keeps the QR code and the key on the page, and the right one still sets up the app', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/account/totp/setup', { form: {} })
  const setUp = await browser.get('/account/totp/setup')
  const keyIn = (html: string) => /class="secret">([A-Z2-7 ]+)</.exec(html)?.[1]

  const wrong = await browser.post('/account/totp', { form: { code: '000000' } })
  const secret = keyIn(wrong.body)?.replaceAll(' ', '') ?? ''
  const right = await browser.post('/account/totp', { form: { code: totpCode(authd, secret) } })

  expect(wrong.body).toContain('<svg')
  expect(faultsIn(wrong.body)).toEqual({ said: 1, at: ['code'] })
  expect(keyIn(wrong.body)).toBe(keyIn(setUp.body))
  expect(right.status).toBe(303)
  expect((await browser.get('/account/totp/setup')).headers.get('Location')).toBe('/account/totp')
})

test('a set-up that took too long can be begun again', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)

  const { status, body } = await browser.post('/account/totp', { form: { code: '000000' } })

  expect(status).toBe(401)
  expect(body).toContain('took too long')
  expect(body).toContain('action="/account/totp/setup"')
})

test('"send another mail" before its time says that none was sent, and when the next can be', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const { attempt } = await askOnPage(authd, browser)
  const again = async () => {
    const { headers } = await browser.post('/signin', { form: { email: ADA, attempt } })
    return (await browser.get(headers.get('Location') ?? '')).body
  }

  authd.clock.advance(10_000)
  const early = await again()
  const mailsThen = await authd.takeMail()
  authd.clock.advance(20_000)
  const late = await again()

  expect(early).toMatch(/No new mail was sent.*in 20 seconds/)
  expect(mailsThen).toEqual([])
  expect(late).toContain('We sent another mail.')
  expect(await authd.takeMail()).toHaveLength(1)
})

test('another confirmation mail before its time is said, not called too many tries', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  authd.clock.advance(6 * MINUTE)
  await browser.post('/account/confirm/mail', { form: { next: '/account/totp' } })

  const { status, body } = await browser.post('/account/confirm/mail', { form: { next: '/account/totp' } })

  expect(status).toBe(429)
  expect(body).toMatch(/No new mail was sent\. You can ask for another in 30 seconds/)
})

test.for([
  ['/account/delete', 'Delete your account'],
  ['/account/email', 'Change your address'],
  ['/account/totp', 'Authenticator app'],
  ['/account/recovery-codes', 'Recovery codes'],
  ['/account/passkeys/new', 'Add a passkey'],
  ['/account/passkeys/pk_00000000000000000000000000', 'Passkeys'],
])('the page that asks for a fresh proof says what for: %s', async ([path, what]) => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  authd.clock.advance(6 * MINUTE)

  const asked = (await browser.get(path ?? '')).headers.get('Location') ?? ''
  const { body } = await browser.get(asked)

  expect(asked).toContain('/account/confirm')
  expect(body).toContain(`<p>This needs a fresh proof that it is you: ${what}.</p>`)
})

test('the wait for another mail counts down, and a pressed button says that it works', async () => {
  const authd = await startAuthd()
  const page = await visit()
  await page.clock.install()
  await page.goto(`${authd.url}/signin`)
  await page.getByRole('textbox').fill(ADA)
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  const wait = page.locator('#wait')
  const before = await wait.textContent()

  await page.clock.runFor(12_000)
  const later = await wait.textContent()
  await page.clock.runFor(20_000)
  const isOver = await wait.isHidden()
  await page.evaluate("addEventListener('submit', (event) => event.preventDefault())")
  await page.getByRole('button', { name: 'Send another mail' }).click()

  expect([before, later]).toEqual([
    'You can ask for another mail in 30 seconds.',
    'You can ask for another mail in 18 seconds.',
  ])
  expect(isOver).toBe(true)
  expect(await page.getByRole('button', { name: 'Send another mail' }).getAttribute('aria-busy')).toBe('true')
})

test('a browser without cookies is told so before a mail is sent, and goes on once it allows them', async () => {
  const authd = await startAuthd()
  const page = await visit()
  await page.goto(`${authd.url}/signin`)
  await page.context().clearCookies()
  await page.getByRole('textbox').fill(ADA)
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await page.getByText('keeps no cookies of this site').waitFor()
  const mails = await authd.takeMail()
  const kept = await page.getByRole('textbox').inputValue()

  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor()

  expect([mails, kept]).toEqual([[], ADA])
  expect(await authd.takeMail()).toHaveLength(1)
})

test('a passkey without cookies is refused for that reason', async () => {
  const authd = await startAuthd()
  const form = { once: 'A'.repeat(43), challenge_id: 'x', credential: '{}' }

  const { status, body } = await authd.browser().post('/signin/passkey', { form })

  expect([status, faultsIn(body).said]).toEqual([401, 1])
  expect(body).toContain('keeps no cookies of this site')
})

test('the page of a code says what its mail has, and a page is named after where one comes from', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/account/email', { form: { email: 'ada@example.org' } })

  const changing = await browser.get('/account/email/code')
  const added = await browser.get('/account/passkeys/new')
  const offered = await browser.get('/account/passkeys/new?offer=1')

  expect(changing.body).toContain('<p>We sent a code to</p>')
  expect([added, offered].map(({ body }) => /<h1>(.*)<\/h1>/.exec(body)?.[1])).toEqual([
    'Add a passkey',
    'Sign in faster next time',
  ])
})

test('devices are named in the language of the page and of the mail', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.get('/signin?ui_locales=de')

  const { body } = await browser.get('/account')

  expect(body).toContain('Firefox unter Linux')
  expect(body).not.toContain('Firefox on Linux')
})

test('a used link that its browser opens again leads to where the sign-in led', async () => {
  const authd = await startAuthd(WITH_APP)
  const browser = authd.browser()
  await browser.post('/signin', { form: { email: ADA, redirect_to: REDIRECT } })
  const link = new URL((await authd.takeProofMail())?.values['link'] ?? '')
  const token = link.searchParams.get('token') ?? ''
  const attempt = token.split('.')[0] ?? ''
  await browser.post('/signin/link', { form: { token, attempt } })
  authd.clock.advance(MINUTE)

  const opened = await browser.get(`${link.pathname}${link.search}`)
  const pressed = await browser.post('/signin/link', { form: { token, attempt } })
  const codePage = await browser.get(`/signin/code?attempt=${attempt}`)
  const typed = await browser.post('/signin/code', { form: { attempt, code: '000000' } })
  const factorPage = await browser.get(`/signin/factor?attempt=${attempt}`)
  const stranger = await authd.browser().get(`${link.pathname}${link.search}`)
  const other = authd.browser()
  await signInOnPage(authd, other, 'bob@example.com')
  const bob = await other.get(`${link.pathname}${link.search}`)

  const led = [opened, pressed, codePage, typed, factorPage].map(({ headers }) => headers.get('Location'))
  expect(led).toEqual(Array(5).fill(REDIRECT))
  expect([stranger.status, bob.status]).toEqual([410, 410])
})

test('a used link leads to the second factor while that is due', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await enrolTotp(authd, browser)
  authd.clock.advance(MINUTE)
  const fresh = authd.browser()
  const { token, attempt, link } = await askOnPage(authd, fresh)
  await fresh.post('/signin/link', { form: { token, attempt } })
  authd.clock.advance(MINUTE)

  const { pathname, search } = new URL(link)
  const opened = await fresh.get(pathname + search)

  expect(opened.headers.get('Location')).toBe(`/signin/factor?attempt=${attempt}`)
})

test('the button of a download is ready again, because the page stays', async () => {
  const authd = await startAuthd()
  const page = await visit()
  await page.goto(`${authd.url}/signin`)
  await page.getByRole('textbox').fill(ADA)
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await page.getByRole('textbox').fill((await authd.takeProofMail())?.values['code'] ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Not now' }).click()
  const button = page.getByRole('button', { name: 'Download my data' })
  const download = page.waitForEvent('download')

  await button.click()
  const { pathname } = new URL((await download).url())

  expect(pathname).toBe('/account/export')
  expect(await button.getAttribute('aria-busy')).toBe(null)
})

test.for([
  ['an invisible character inside', 'an\u200bna@example.com', 'anna@example.com'],
  ['full width', 'ａｎｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'anna@example.com'],
  ['mailto:', 'mailto:anna@example.com', 'anna@example.com'],
  ['the name of an address book', 'Anna Lindqvist <anna@example.com>', 'anna@example.com'],
] as const)('an address with %s is mended in the field, and the page says to check it', async ([, typed, meant]) => {
  const authd = await startAuthd()
  const browser = authd.browser()

  const first = await browser.post('/signin', { form: { email: typed } })
  const sent = await authd.takeMail()
  const again = await browser.post('/signin', { form: { email: meant } })

  expect(first.status).toBe(400)
  expect(first.body).toContain('We removed what does not belong in an address.')
  expect(first.body).toContain(`value="${meant}"`)
  expect(sent).toEqual([])
  expect(again.status).toBe(303)
})
