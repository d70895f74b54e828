import { readFileSync } from 'node:fs'
import { transform } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { languages } from '../../src/platform/texts/languages.ts'
import { templates } from '../../src/platform/texts/templates.ts'
import { launchBrowser } from '../support/browser.ts'
import { startAuthd } from '../support/harness.ts'
import { until } from '../support/until.ts'

/** Ten segments of 1460 bytes (RFC 6928), less what the headers of the answer take. */
const FIRST_WINDOW = 14_000
const PAINTS = "performance.getEntriesByName('first-contentful-paint').length"
const ENCODINGS = ['br', 'zstd', 'gzip', 'deflate']

let chromium: Awaited<ReturnType<typeof launchBrowser>>
beforeAll(async () => {
  chromium = await launchBrowser()
})
afterAll(() => chromium?.close())

test('the first paint needs one round trip: the sign-in page has its style while everything else is held', async () => {
  const authd = await startAuthd()
  const context = await chromium.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.route('**/assets/**', () => {})
  const script = page.waitForRequest('**/assets/page.*')

  await page.goto(`${authd.url}/signin`, { waitUntil: 'commit' })
  // By evaluate: the page's policy forbids what waitForFunction does.
  await until(async () => expect(await page.evaluate<number>(PAINTS)).toBe(1))
  const colour = await page.evaluate("getComputedStyle(document.querySelector('button')).backgroundColor")
  const held = await script

  expect(colour).toBe('rgb(23, 97, 79)')

  // It is still held.
  expect(held.timing().responseEnd).toBe(-1)
})

test.for(languages())(
  'in %s the sign-in page with its style fits the first window, and with all that it loads 15 kB',
  async (lang) => {
    const authd = await startAuthd()
    const sizeOf = async (path: string, encoding: string) => {
      const headers = { 'Accept-Encoding': encoding, 'Accept-Language': lang }
      const reply = await fetch(authd.url + path, { headers })
      return Number(reply.headers.get('Content-Length'))
    }

    const document = await sizeOf('/signin', ENCODINGS.join())
    const loaded = Object.values(templates().assets).map(({ name }) => sizeOf(`/assets/${name}`, ENCODINGS.join()))
    const total = (await Promise.all(loaded)).reduce((sum, bytes) => sum + bytes, document)

    expect(document).toBeGreaterThan(10_000)
    expect(document).toBeLessThan(FIRST_WINDOW)
    expect(total).toBeLessThanOrEqual(15_000)
  },
)

test('a browser gets the smallest form of the script that it can read', async () => {
  const authd = await startAuthd()
  const path = `/assets/${templates().assets['page.js']?.name}`
  const sizeIn = async (encoding: string) =>
    Number((await fetch(authd.url + path, { headers: { 'Accept-Encoding': encoding } })).headers.get('Content-Length'))

  const all = await sizeIn(ENCODINGS.join())
  const each = await Promise.all(ENCODINGS.map(sizeIn))

  expect(all).toBeGreaterThan(0)
  expect(all).toBe(Math.min(...each))
})

test('what is stripped from the style and the script means nothing', async () => {
  const minified = async (text: string, loader: 'css' | 'js') =>
    // esbuild keeps the space before the value of a custom property, where it means nothing (CSS Variables §2).
    (await transform(text, { loader, minify: true })).code.replace(/(?<=[:,]) /g, '')
  const source = (file: string) => readFileSync(new URL(`../../templates/pages/${file}`, import.meta.url), 'utf8')

  const style = await minified(templates().style.css, 'css')
  const script = await minified(templates().assets['page.js']?.body ?? '', 'js')

  expect(style).toBe(await minified(source('authd.css'), 'css'))
  expect(script).toBe(await minified(source('assets/page.js'), 'js'))
})
