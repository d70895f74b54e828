import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { renderMail } from '../../src/mail/render.ts'
import { declaredMail, type MailTemplate, mailTemplates } from '../../src/mails.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { launchBrowser } from '../support/browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** As long as the configuration allows, without a break opportunity. */
const LONG_APP = { name: `Bundesverband${'derfreienbürgerämter'.repeat(3)}`, supportUrl: 'https://example.com/help' }
const LONG_NAME = `Donaudampfschifffahrt${'skapitänsmütze'.repeat(5)}`

let browser: Browser
let page: Page
beforeAll(async () => {
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 360, height: 800 } })
})
afterAll(() => browser?.close())

test.for(mailTemplates)(
  '%s is readable in light and dark, fits a narrow screen with the longest names, and loads nothing',
  async (template) => {
    const html = await longMail(template, 'en')
    const requests: string[] = []
    page.removeAllListeners('request').on('request', (request) => requests.push(request.url()))

    await page.emulateMedia({ colorScheme: 'light' })
    await page.setContent(html)
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    await page.evaluate(AXE)
    const light = await page.evaluate<AxeResults>("axe.run({ runOnly: ['color-contrast', 'image-alt', 'link-name'] })")
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await page.evaluate<AxeResults>("axe.run({ runOnly: ['color-contrast'] })")

    const violations = [...light.violations, ...dark.violations]
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html: part }) => part).join(' ')}`)).toEqual([])
    expect(light.passes.length + dark.passes.length).toBeGreaterThan(2)
    expect(width).toBe(360)
    expect(requests).toEqual([])
  },
)

test.for(['#ffd400', '#ffffff', '#000000', '#17614f'])('a mail with the accent %s is readable', async (accent) => {
  const { template, values } = { template: 'signin', values: declaredMail('signin').values } as const
  const { html } = await renderMail({ template, lang: 'en', values }, { ...LONG_APP, accent })
  await page.setContent(html)
  await page.evaluate(AXE)

  const found = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    found.push(await page.evaluate<AxeResults>("axe.run({ runOnly: ['color-contrast'] })"))
  }

  expect(found.flatMap(({ violations }) => violations)).toEqual([])
  expect(found.map(({ passes }) => passes.length)).toEqual([1, 1])
})

// A contrast does not depend on the language, but a width does.
test.for(languages())('mails in %s fit a narrow screen with the longest names', async (lang) => {
  const mails = await Promise.all(mailTemplates.map((template) => longMail(template, lang)))

  const widths: number[] = []
  for (const html of mails) {
    await page.setContent(html)
    widths.push(await page.evaluate<number>('document.documentElement.scrollWidth'))
  }

  expect(mailTemplates.filter((_, index) => widths[index] !== 360)).toEqual([])
})

async function longMail(template: MailTemplate, lang: string): Promise<string> {
  const { requested_by: who, name, ...values } = declaredMail(template).values
  const long = { ...values, ...(who && { requested_by: LONG_NAME }), ...(name && { name: LONG_NAME }) }
  const { html } = await renderMail({ template, lang, values: long }, LONG_APP)
  return html
}
