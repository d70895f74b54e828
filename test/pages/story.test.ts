import { once } from 'node:events'
import { createServer } from 'node:http'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { complaintsOf, launchBrowser } from '../support/browser.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

let chromium: Awaited<ReturnType<typeof launchBrowser>>

beforeAll(async () => {
  chromium = await launchBrowser()
})

afterAll(() => chromium.close())

interface Visit {
  page: Page
  /** Console messages and third-party requests. */
  complaints: string[]
}

/** After the first sign-in a browser is offered a passkey, which the user can skip. */
async function passOffer({ page }: Visit): Promise<void> {
  await page.getByRole('link', { name: 'Not now' }).click()
}

/** A new browser without JavaScript. */
async function visitor(authd: Authd, allowed: string[] = []): Promise<Visit> {
  const context: BrowserContext = await chromium.newContext({ javaScriptEnabled: false })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  return { page, complaints: complaintsOf(page, [authd.url, ...allowed]) }
}

async function askForMail(authd: Authd, { page }: Visit, path = '/signin') {
  await page.goto(authd.url + path)
  await page.getByRole('textbox').fill('ada@example.com')
  await page.getByRole('button').first().click()
  const mail = await authd.takeProofMail()
  return { code: mail?.values['code'] ?? '', link: mail?.values['link'] ?? '' }
}

test('without JavaScript: a user requests a code, types it, is signed in, and signs out', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  const { page } = visit

  const { code } = await askForMail(authd, visit)
  await page.getByRole('textbox').fill(code)
  await page.getByRole('button').first().click()
  await passOffer(visit)
  const signedIn = await page.locator('body').textContent()
  await page.getByRole('link', { name: 'Sign out' }).click()
  await page.getByRole('button').first().click()
  const signedOut = await page.locator('body').textContent()

  expect(signedIn).toContain('ada@example.com')
  expect(new URL(page.url()).pathname).toBe('/signin')
  expect(signedOut).toMatch(/signed out/i)
  expect(visit.complaints).toEqual([])
})

test('a link opened in another browser has no button, and the first browser is signed in', async () => {
  const authd = await startAuthd()
  const owner = await visitor(authd)
  const stranger = await visitor(authd)
  const { link } = await askForMail(authd, owner)

  await stranger.page.goto(link)
  const buttons = await stranger.page.getByRole('button').count()
  const told = await stranger.page.locator('body').textContent()
  await owner.page.goto(link)
  await owner.page.getByRole('button').first().click()
  await passOffer(owner)

  expect(buttons).toBe(0)
  expect(told).toMatch(/code/i)
  expect(await owner.page.locator('body').textContent()).toContain('ada@example.com')
  expect([...owner.complaints, ...stranger.complaints]).toEqual([])
})

test('a wrong code is reported at the field, and the right one still works', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  const { code } = await askForMail(authd, visit)

  await visit.page.getByRole('textbox').fill(code === '000000' ? '000001' : '000000')
  await visit.page.getByRole('button').first().click()
  const described = await visit.page.getByRole('textbox').getAttribute('aria-describedby')
  await visit.page.getByRole('textbox').fill(code)
  await visit.page.getByRole('button').first().click()
  await passOffer(visit)

  expect(described).not.toBeNull()
  expect(await visit.page.locator('body').textContent()).toContain('ada@example.com')
})

test('the page returns to an allowed app on another origin, after sign-in and after sign-out', async () => {
  const app = createServer((_, response) =>
    response.end('<!doctype html><link rel=icon href="data:,">welcome back'),
  ).listen(0, '127.0.0.1')
  await once(app, 'listening')
  onTestFinished(() => void app.close())
  const address = app.address()
  const origin = `http://localhost:${typeof address === 'object' ? address?.port : 0}`
  const authd = await startAuthd({ config: { signin: { redirect_urls: [`${origin}/*`] } } })
  const visit = await visitor(authd, [origin])

  const { code } = await askForMail(authd, visit, `/signin?redirect_to=${encodeURIComponent(`${origin}/in`)}`)
  await visit.page.getByRole('textbox').fill(code)
  await visit.page.getByRole('button').first().click()
  await passOffer(visit)
  await visit.page.waitForURL(`${origin}/in`)

  expect(await visit.page.locator('body').textContent()).toBe('welcome back')
  await visit.page.goto(`${authd.url}/signout?redirect_to=${encodeURIComponent(`${origin}/out`)}`)
  await visit.page.getByRole('button').first().click()
  await visit.page.waitForURL(`${origin}/out`)
  expect(visit.complaints).toEqual([])
})
