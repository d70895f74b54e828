import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { languages } from '../../src/platform/texts/languages.ts'
import { templates } from '../../src/platform/texts/templates.ts'
import { launchBrowser } from '../support/browser.ts'
import { FACES, type Face, PAGES } from './samples.ts'

const ORIGIN = 'https://auth.example.test'
const POLICY = `default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' ${templates().style.source}; img-src 'self'; form-action 'self'; base-uri 'none'`
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TO_PRESS = 'button, .button, input:not([type=hidden]), .who a, .way a, footer a, summary'
const HEIGHTS = `[...document.querySelectorAll('${TO_PRESS}')].filter((element) => element.checkVisibility()).map((element) => element.getBoundingClientRect().height)`

let browser: Browser
let page: Page
beforeAll(async () => {
  browser = await launchBrowser()
  page = await browser.newPage({ reducedMotion: 'reduce' })
})
afterAll(() => browser?.close())

test.for(FACES)(
  '%s is accessible in both themes, fits at 400 % zoom, logs no errors and loads nothing else',
  async (face) => {
    const { complaints, requests } = await open(face, 320)

    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    const heights = await page.evaluate<number[]>(HEIGHTS)
    await page.evaluate(AXE)
    const light = await page.evaluate<AxeResults>('axe.run()')
    // The themes differ only in colours.
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await page.evaluate<AxeResults>("axe.run({ runOnly: ['color-contrast'] })")

    const violations = [...light.violations, ...dark.violations]
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
    expect(width).toBe(320)
    // Buttons and links are 44 px high.
    expect(heights.filter((height) => height < 44)).toEqual([])
    expect(complaints).toEqual([])
    expect(requests.filter((url) => !url.startsWith(`${ORIGIN}/auth/`))).toEqual([])
  },
)

test.for([
  ['code, wrong', '#code'],
  ['signin, corrected', '#email'],
  ['factor, wrong again', '#totp'],
  ['confirm, mailed, wrong', '#email'],
  ['totp, wrong', '#code'],
] as const)('%s: one error stands at its field, which has the focus', async ([face, field]) => {
  await open(face, 1280)

  const focused = page.locator(`${field}:focus[aria-invalid=true]`)
  await focused.waitFor()

  expect(await page.locator('[aria-invalid]').count()).toBe(1)
  expect(await page.locator('.fault, .summary').count()).toBe(1)
  expect((await focused.getAttribute('aria-describedby'))?.split(' ')[0]).toBe('fault')
})

test('an error about no field has a summary, which has the focus', async () => {
  await open('factor, passkey refused', 1280)

  await page.locator('#summary:focus').waitFor()

  expect(await page.locator('[aria-invalid]').count()).toBe(0)
})

test.for(['factor, all', 'factor, wrong again', 'confirm, by factor', 'confirm, mailed, wrong'] as const)(
  '%s has one main button, and folds the other ways away',
  async (face) => {
    await open(face, 360)

    const main = page.locator('main button:not(.second):visible')
    const open_ = await page.locator('main input.code:visible').count()

    expect(await main.count()).toBe(1)
    expect(open_).toBeLessThanOrEqual(1)
  },
)

test('the language can be changed with the keyboard, and the address keeps its parameters', async () => {
  await open('signin', 320)
  const query = { redirect_to: 'https://app.example.com/?a=b&c="d"', ui_locales: 'en' }
  await page.unrouteAll()
  await serve(PAGES.signin({ query }))
  await page.goto(`${ORIGIN}/auth/page`)

  await page.locator('summary').press('Enter')
  await page.evaluate(AXE)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  const heights = await page.evaluate<number[]>(HEIGHTS)
  await page.locator('button[lang=de]').press('Enter')
  await page.waitForURL('**/page?*')
  const { pathname, searchParams } = new URL(page.url())

  expect(violations).toEqual([])
  expect(heights.filter((height) => height < 44)).toEqual([])
  expect(pathname).toBe('/auth/page')
  expect(Object.fromEntries(searchParams)).toEqual({ ...query, ui_locales: 'de' })
})

test.for(languages())('buttons in %s fit a phone, in at most two lines', async (lang) => {
  const pages = FACES.map((face) => PAGES[face]({ lang }))
  const buttons = new Set(
    pages.flatMap((html) => html.match(/<(button|a class="button[^"]*")[^>]*>[^<]+<\/(button|a)>/g) ?? []),
  )
  await page.setViewportSize({ width: 360, height: 800 })
  await page.unrouteAll()
  await serve(PAGES.signout({ lang }).replace(/<main>.*<\/main>/s, `<main>${[...buttons].join('')}</main>`))
  await page.goto(`${ORIGIN}/auth/page`)

  const width = await page.evaluate<number>('document.documentElement.scrollWidth')
  const tall = await page.evaluate<string[]>(
    "[...document.querySelectorAll('main > *')].filter((button) => button.getBoundingClientRect().height > 80).map((button) => button.textContent)",
  )

  expect(buttons.size).toBeGreaterThan(20)
  expect(width).toBe(360)
  expect(tall).toEqual([])
})

async function open(face: string, width: number): Promise<{ complaints: string[]; requests: string[] }> {
  const complaints: string[] = []
  const requests: string[] = []
  page.removeAllListeners('console').on('console', (message) => complaints.push(message.text()))
  page.removeAllListeners('request').on('request', (request) => requests.push(request.url()))
  await page.setViewportSize({ width, height: 800 })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.unrouteAll()
  await serve(PAGES[face as Face]())
  await page.goto(`${ORIGIN}/auth/page`)
  return { complaints, requests }
}

/** The page and its assets as the daemon sends them, with its Content-Security-Policy. */
async function serve(html: string): Promise<void> {
  const assets = Object.values(templates().assets)
  await page.route('**/*', (route) => {
    const asset = assets.find(({ name }) => route.request().url() === `${ORIGIN}/auth/assets/${name}`)
    if (asset) return route.fulfill({ body: asset.body, contentType: asset.type })
    return route.fulfill({ body: html, contentType: 'text/html', headers: { 'content-security-policy': POLICY } })
  })
}
