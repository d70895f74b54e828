import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA } from '../support/people.ts'

let chromium: Awaited<ReturnType<typeof launchBrowser>>

beforeAll(async () => {
  chromium = await launchBrowser()
})

afterAll(() => chromium.close())

/** A tab without passkey autofill, and a way to open more of the same browser. */
async function firstTab(): Promise<{ tab: Page; another: () => Promise<Page> }> {
  const context = await chromium.newContext()
  onTestFinished(() => context.close())
  return { tab: await context.newPage(), another: () => context.newPage() }
}

const path = (tab: Page) => new URL(tab.url()).pathname
const heading = (tab: Page, name: string) => tab.getByRole('heading', { name, exact: true }).waitFor()

async function ask(authd: Authd, tab: Page): Promise<void> {
  await tab.goto(`${authd.url}/signin`)
  await tab.getByRole('textbox').fill(ADA)
  await tab.getByRole('button', { name: 'Send me a sign-in mail' }).dblclick()
  await heading(tab, 'Check your mail')
}

async function codeOf(authd: Authd): Promise<string> {
  return (await authd.takeProofMail())?.values['code'] ?? ''
}

async function signIn(authd: Authd, tab: Page): Promise<void> {
  await ask(authd, tab)
  await tab.getByRole('textbox').fill(await codeOf(authd))
  await tab.getByRole('button', { name: 'Sign in' }).dblclick()
  await tab.getByRole('link', { name: 'Not now' }).click()
  await heading(tab, 'Your account')
}

async function countOf(authd: Authd, type: string): Promise<number> {
  return (await authd.auditLog()).filter(({ eventType }) => eventType === type).length
}

test('going back after the mail was sent, reloading and pressing again sends no second mail, and the code works', async () => {
  const authd = await startAuthd()
  const { tab } = await firstTab()
  await ask(authd, tab)

  await tab.goBack()
  await tab.reload()
  await tab.getByRole('textbox').fill(ADA)
  await tab.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  await heading(tab, 'Check your mail')
  await tab.reload()
  const mails = await authd.takeMail()
  await tab.getByRole('textbox').fill(mails[0]?.values['code'] ?? '')
  await tab.getByRole('button', { name: 'Sign in' }).dblclick()
  await heading(tab, 'Sign in faster next time')

  expect(mails).toHaveLength(1)
  expect(await countOf(authd, 'session.created')).toBe(1)
})

test('going back to the code page after the sign-in leads to the account, and a reload too', async () => {
  const authd = await startAuthd()
  const { tab } = await firstTab()
  await signIn(authd, tab)

  await tab.reload()
  await tab.goBack()
  await tab.goBack()
  await heading(tab, 'Your account')

  expect(path(tab)).toBe('/account')
  expect(await countOf(authd, 'session.created')).toBe(1)
})

test('of two tabs that wait for one code, both end in the account', async () => {
  const authd = await startAuthd()
  const { tab, another } = await firstTab()
  await ask(authd, tab)
  const other = await another()
  await ask(authd, other)
  const code = await codeOf(authd)

  for (const each of [tab, other]) {
    await each.getByRole('textbox').fill(code)
    await each.getByRole('button', { name: 'Sign in' }).click()
    await each.waitForURL(/\/account/)
  }

  expect(await countOf(authd, 'session.created')).toBe(1)
})

test('a double press, a reload and the back button of the set-up lose no recovery codes', async () => {
  const authd = await startAuthd()
  const { tab } = await firstTab()
  await signIn(authd, tab)
  await tab.goto(`${authd.url}/account/totp`)
  await tab.getByRole('button', { name: 'Set it up' }).dblclick()
  const secret = (await tab.locator('.secret').textContent())?.replaceAll(' ', '') ?? ''
  await tab.getByRole('textbox').fill(totpCode(authd, secret))

  await tab.getByRole('button', { name: 'Turn it on' }).dblclick()
  await heading(tab, 'Save these recovery codes')
  const codes = await tab.locator('.codes code').allTextContents()
  await tab.reload()
  const reloaded = await tab.locator('.codes code').allTextContents()
  await tab.goBack()
  await tab.goForward()
  const again = await tab.locator('.codes code').allTextContents()
  await tab.getByRole('button', { name: 'I saved them' }).dblclick()
  await heading(tab, 'Your account')

  expect(codes).toHaveLength(10)
  expect([reloaded, again]).toEqual([codes, codes])
  expect(await countOf(authd, 'totp.enrolled')).toBe(1)
})
