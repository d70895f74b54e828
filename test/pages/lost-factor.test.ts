import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { complaintsOf, launchBrowser } from '../support/browser.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { FACES, type Face, PAGES } from './samples.ts'

const APP = 'https://app.example.com/home'

let chromium: Awaited<ReturnType<typeof launchBrowser>>
beforeAll(async () => {
  chromium = await launchBrowser()
})
afterAll(() => chromium?.close())

/** Signs in by mail with an authenticator, and ends on the page that offers a passkey. */
async function offered(authd: Authd, start = '/signin'): Promise<{ page: Page; complaints: string[] }> {
  const context = await chromium.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const complaints = complaintsOf(page, [authd.url])
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable', { enableUI: false })
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  })
  await page.goto(authd.url + start)
  await page.getByRole('textbox').fill('ada@example.com')
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await page.getByRole('textbox').fill((await authd.takeProofMail())?.values['code'] ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  return { page, complaints }
}

test('the offer of a passkey says that a mail alone no longer signs in, and leads on to recovery codes', async () => {
  const authd = await startAuthd()
  const { page, complaints } = await offered(authd)

  const offer = await page.locator('main').textContent()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('The passkey is added.').waitFor()
  const next = await page.locator('main').textContent()
  await page.getByRole('link', { name: 'Not now' }).click()
  const account = await page.locator('main').textContent()

  expect(offer).toContain('From then on, a mail alone no longer signs you in.')
  expect(next).toContain('You have no recovery codes.')
  expect(next).not.toMatch(/0 codes|stop working/)
  expect(account).toContain('You have no recovery codes.')
  expect(account).not.toMatch(/0 codes|Only a few/)
  expect(complaints).toEqual([])
})

test('a user on the way to an app goes on to it after the first passkey', async () => {
  const authd = await startAuthd({ config: { signin: { redirect_urls: [APP] } } })
  const { page } = await offered(authd, `/signin?redirect_to=${encodeURIComponent(APP)}`)

  const opened = page.waitForRequest(APP)
  await page.getByRole('button', { name: 'Add a passkey' }).click()

  expect((await opened).isNavigationRequest()).toBe(true)
})

test('saved recovery codes say what they are for, whose, and since when: downloaded, copied and printed', async () => {
  const authd = await startAuthd({ config: { app: { name: 'Example' } } })
  const { page } = await offered(authd)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('button', { name: 'Create new codes' }).click()
  const codes = await page.locator('#codes code').allTextContents()
  const download = page.waitForEvent('download')

  await page.getByRole('button', { name: 'Download' }).click()
  const file = await readFile(await (await download).path(), 'utf8')
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByText('Copied.').waitFor()
  const copied = await page.evaluate<string>('navigator.clipboard.readText()')
  await page.emulateMedia({ media: 'print' })
  const printed = await page.evaluate<string>('document.body.innerText')
  const buttons = await page.locator('button:visible, a.button:visible').count()

  const [heading, use, gap, ...lines] = file.trimEnd().split('\n')
  expect(heading).toMatch(/^Example · Recovery codes · ada@example\.com · \d+ \w+ 20\d\d$/)
  expect(use).toContain('Each signs you in once, after the mail')
  expect([gap, ...lines]).toEqual(['', ...codes])
  expect(`${copied}\n`).toBe(file)
  expect(printed).toContain(heading)
  expect(printed).toContain(use)
  expect(printed).toContain(codes[9])
  expect(printed).not.toContain('ten minutes')
  expect(buttons).toBe(0)
})

const shown = (face: string) => PAGES[face as Face]()
const ONE_WAY = FACES.filter((face) => /^(factor, only|factor, wrong$)/.test(face))

test.for(ONE_WAY)('%s: a user who lost the only way reads whom to ask, also without scripts', (face) => {
  const html = shown(face)
  const withoutForms = html.replace(/<form.*?<\/form>/gs, '').replace(/<footer.*/s, '')

  expect(withoutForms).toContain('Lost it? Ask Example for help.')
  expect(withoutForms).toContain('<a href="https://example.com/help">Help with signing in</a>')
})

test('where there is another way, the page does not send the user to others', () => {
  const several = shown('factor, all')
  const withMail = shown('confirm, by mail')

  expect(ONE_WAY).toHaveLength(2)
  expect(several + withMail).not.toContain('Lost it?')
})
