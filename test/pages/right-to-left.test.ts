import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { renderMail } from '../../src/mail/render.ts'
import { declaredMail, MAILS, mailTemplates } from '../../src/mails.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { templates } from '../../src/platform/texts/templates.ts'
import { launchBrowser } from '../support/browser.ts'
import { APP } from '../support/mail-samples.ts'
import { FACES, PAGES } from './samples.ts'

const MARKS = /[\u2066-\u2069]/
const STYLE = `<style>${templates().style.css}</style>`

/**
 * Returns what is shown in another order than it is written in: addresses, and all of an element that a user copies.
 */
const OUT_OF_ORDER = `(() => {
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode
    const isCopied = node.parentElement.closest('.codes code, .secret, .box')
    const pattern = isCopied ? /[\\x21-\\x7e].*[\\x21-\\x7e]/g : /[a-z0-9][^\\s\\u0600-\\u06ff]*[a-z0-9]/gi
    for (const { 0: text, index } of node.data.matchAll(pattern)) {
      const boxes = [...text].map((_, at) => {
        const range = document.createRange()
        range.setStart(node, index + at)
        range.setEnd(node, index + at + 1)
        return range.getBoundingClientRect()
      })
      const visible = boxes.filter(({ width }) => width > 0)
      if (visible.some((box, at) => at > 0 && box.top === visible[at - 1].top && box.left < visible[at - 1].left)) found.push(text)
    }
  }
  return found
})()`

let browser: Browser
let page: Page
beforeAll(async () => {
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
})
afterAll(() => browser?.close())

test('the check sees an address that is shown out of order', async () => {
  await page.setContent('<p dir="rtl">عنوان 2001:db8::1</p><p dir="rtl">عنوان <bdi>2001:db8::2</bdi></p>')

  expect(await page.evaluate(OUT_OF_ORDER)).toEqual(['2001:db8::1'])
})

test.for(FACES)('%s in Arabic shows addresses, names and codes in their own order', async (face) => {
  const html = PAGES[face]({ lang: 'ar' }).replace('</head>', `${STYLE}</head>`)

  await page.setContent(html.replace(/<(?:script|link)\b[^>]*>/g, ''))

  expect(html).toContain('dir="rtl"')
  expect(await page.evaluate(OUT_OF_ORDER)).toEqual([])
})

test.for(mailTemplates)('%s in Arabic shows addresses, names and codes in their own order', async (template) => {
  const values = declaredMail(template).values
  const long = values['code'] ? { ...values, code: '2019-9QXC-01ZT' } : values

  const { html } = await renderMail({ template, lang: 'ar', values: long }, APP)
  await page.setContent(html)

  expect(await page.evaluate(OUT_OF_ORDER)).toEqual([])
})

test('in the text of an Arabic mail each value stands apart', async () => {
  const { subject, text } = await renderMail({ template: 'stepup', lang: 'ar', values: MAILS.stepup.values }, APP)

  expect(subject).toBe('\u2068482913\u2069 هو رمز التأكيد الخاص بك في \u2068Example\u2069')
  expect(text).toContain('    \u2068482913\u2069\n')
  expect(text).toContain('عنوان IP: \u20682001:db8::1\u2069\n')
})

test('a command line in Arabic is isolated as a whole, so that a copy of it works', async () => {
  const values = MAILS.webhook_paused.values

  const { text } = await renderMail({ template: 'webhook_paused', lang: 'ar', values }, APP)

  const commands = [...text.matchAll(/\u2066([^\u2069]*)\u2069/g)].map(([, command]) => command)
  expect(commands).toEqual([
    `authd webhooks deliveries ${values.endpoint_id} --state failed`,
    `authd webhooks update ${values.endpoint_id} --resume`,
  ])
})

test.for(languages().filter((lang) => templates().locales[lang]?.['dir'] === 'ltr'))(
  'pages and mails in %s need no marks for the direction',
  async (lang) => {
    const pages = FACES.map((face) => PAGES[face]({ lang }))
    const mails = await Promise.all(
      mailTemplates.map((template) => renderMail({ template, lang, values: declaredMail(template).values }, APP)),
    )

    const all = [...pages, ...mails.flatMap(({ subject, html, text }) => [subject, html, text])]
    expect(all.filter((content) => MARKS.test(content))).toEqual([])
  },
)
