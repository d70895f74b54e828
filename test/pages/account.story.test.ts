import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { MINUTE, toSeconds } from '../../src/platform/clock.ts'
import { complaintsOf, launchBrowser } from '../support/browser.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

let chromium: Awaited<ReturnType<typeof launchBrowser>>

beforeAll(async () => {
  chromium = await launchBrowser()
})

afterAll(() => chromium.close())

/** A browser without JavaScript, which only passkeys need. */
async function visitor(authd: Authd): Promise<{ page: Page; complaints: string[] }> {
  const context = await chromium.newContext({ javaScriptEnabled: false })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  return { page, complaints: complaintsOf(page, [authd.url]) }
}

async function newestCode(authd: Authd): Promise<string> {
  return (await authd.takeProofMail())?.values['code'] ?? ''
}

async function signInByMail(authd: Authd, page: Page, email = 'ada@example.com'): Promise<void> {
  await page.goto(`${authd.url}/signin`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await page.getByLabel('Code from the mail').fill(await newestCode(authd))
  await page.getByRole('button', { name: 'Sign in' }).click()
}

function totpCode(authd: Authd, secret: string): string {
  return generateSync({ secret, epoch: toSeconds(authd.clock.now()) })
}

/** Sets up an authenticator app on the account page. Returns its secret and the recovery codes. */
async function setUpTotp(authd: Authd, page: Page): Promise<{ secret: string; codes: string[] }> {
  await page.goto(`${authd.url}/account`)
  await page.getByRole('link', { name: 'Set up Authenticator app' }).click()
  await page.getByRole('button', { name: 'Set it up' }).click()
  const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '')
  await page.getByLabel('Code from your authenticator app').fill(totpCode(authd, secret))
  await page.getByRole('button', { name: 'Turn it on' }).click()
  return { secret, codes: await page.locator('#codes code').allTextContents() }
}

test('without JavaScript: a user sets up an authenticator app, and the next sign-in requires it', async () => {
  const authd = await startAuthd()
  const { page, complaints } = await visitor(authd)
  await signInByMail(authd, page)

  const { secret, codes } = await setUpTotp(authd, page)
  await page.getByRole('button', { name: 'I saved them' }).click()
  const account = await page.locator('main').textContent()
  await page.context().clearCookies()
  authd.clock.advance(MINUTE)
  await signInByMail(authd, page)
  await page.getByLabel('Code from your authenticator app').fill('000000')
  await page.getByRole('button', { name: 'Sign in' }).click()
  const wrong = await page.locator('.fault').textContent()
  await page.getByLabel('Code from your authenticator app').fill(totpCode(authd, secret))
  await page.getByRole('button', { name: 'Sign in' }).click()

  expect(codes).toHaveLength(10)
  expect(account).toContain('10 codes left')
  expect(wrong).toContain('That code is wrong.')
  expect(new URL(page.url()).pathname).toBe('/account')
  expect(complaints).toEqual([])
})

test('without JavaScript: a recovery code signs in, and the account shows how many are left', async () => {
  const authd = await startAuthd()
  const { page } = await visitor(authd)
  await signInByMail(authd, page)
  const { codes } = await setUpTotp(authd, page)
  await page.context().clearCookies()

  await signInByMail(authd, page)
  await page.getByText('Use another way').click()
  await page.getByLabel('Recovery code').fill(codes[0] ?? '')
  await page.getByRole('button', { name: 'Use the recovery code' }).click()

  expect(await page.getByRole('status').textContent()).toBe(
    'You signed in with a recovery code (9 codes left). If you lost a phone or passkey, remove it here.',
  )
})

test('without JavaScript: a sensitive action requires a fresh proof and then continues', async () => {
  const authd = await startAuthd()
  const { page, complaints } = await visitor(authd)
  await signInByMail(authd, page)
  authd.clock.advance(6 * MINUTE)

  await page.goto(`${authd.url}/account/email`)
  const asked = await page.getByRole('heading', { level: 1 }).textContent()
  await page.getByRole('button', { name: 'Send me a code' }).click()
  await page.getByLabel('Code from the mail').fill(await newestCode(authd))
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByLabel('New e-mail address').fill('ada@example.org')
  await page.getByRole('button', { name: 'Send a code' }).click()
  await page.getByLabel('Code from the mail').fill(await newestCode(authd))
  await page.getByRole('button', { name: 'Use this address' }).click()

  expect(asked).toBe('Confirm that it is you')
  expect(await page.locator('main').textContent()).toContain('ada@example.org')
  expect(await page.getByRole('status').textContent()).toBe(
    'Your address is changed. We sent a mail to the old address.',
  )
  expect(complaints).toEqual([])
})

test('without JavaScript: a user lists their sessions and signs out another one', async () => {
  const authd = await startAuthd()
  const here = await visitor(authd)
  const there = await visitor(authd)
  await signInByMail(authd, there.page)
  await signInByMail(authd, here.page)

  await here.page.goto(`${authd.url}/account`)
  const before = await here.page.locator('#sessions ~ ul li').count()
  await here.page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  const after = await here.page.locator('#sessions ~ ul li').allTextContents()
  await there.page.goto(`${authd.url}/account`)

  expect(before).toBe(2)
  expect(after).toHaveLength(1)
  expect(after[0]).toContain('this one')
  expect(new URL(there.page.url()).pathname).toBe('/signin')
})

test('where a second factor is required, a new user must set one up first', async () => {
  const authd = await startAuthd({ config: { mfa: { policy: 'required' } } })
  const { page } = await visitor(authd)
  await signInByMail(authd, page)
  const led = new URL(page.url()).pathname

  await page.goto(`${authd.url}/account/activity`)
  const kept = new URL(page.url()).pathname
  await page.getByRole('link', { name: 'Set up Authenticator app' }).click()
  await page.getByRole('button', { name: 'Set it up' }).click()
  const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '')
  await page.getByLabel('Code from your authenticator app').fill(totpCode(authd, secret))
  await page.getByRole('button', { name: 'Turn it on' }).click()
  await page.getByRole('button', { name: 'I saved them' }).click()

  expect([led, kept]).toEqual(['/account/enrol', '/account/enrol'])
  expect(new URL(page.url()).pathname).toBe('/account')
})

test('a user deletes their account and sees a confirmation', async () => {
  const authd = await startAuthd()
  const { page } = await visitor(authd)
  await signInByMail(authd, page)

  await page.goto(`${authd.url}/account`)
  await page.getByRole('link', { name: 'Delete my account' }).click()
  await page.getByRole('button', { name: 'Delete ada@example.com' }).click()

  expect(await page.getByRole('status').textContent()).toBe('Your account is deleted.')
})
