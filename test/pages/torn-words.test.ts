import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { renderPage } from '../../src/http/pages/render.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { templates } from '../../src/platform/texts/templates.ts'
import { launchBrowser } from '../support/browser.ts'
import { CONTEXT, FACES, PAGES } from './samples.ts'

const STYLE = `<style>${templates().style.css}</style>`

/** The words that stand in more than one line. An address has a place to break after `@` and each dot. */
const TORN = `(() => {
  const torn = []
  for (const root of document.querySelectorAll('button, .button, summary, h1, h2, .who strong, .lead, label')) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const node = walker.currentNode
      for (const { 0: word, index } of node.data.matchAll(/[^\\s\\u00ad-]+/g)) {
        const range = document.createRange()
        range.setStart(node, index)
        range.setEnd(node, index + word.length)
        if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) torn.push(word)
      }
    }
  }
  return torn
})()`

let browser: Browser
let page: Page
beforeAll(async () => {
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 360, height: 800 } })
})
afterAll(() => browser?.close())

async function tornIn(html: string): Promise<string[]> {
  await page.setContent(html.replace('</head>', `${STYLE}</head>`).replaceAll(' hidden', ''))
  return await page.evaluate<string[]>(TORN)
}

// Japanese breaks between any two characters.
test.for(languages().filter((lang) => lang !== 'ja'))('no word is torn on a phone in %s', async (lang) => {
  const torn: string[] = []

  for (const face of FACES) torn.push(...(await tornIn(PAGES[face]({ lang }))).map((word) => `${face}: ${word}`))

  expect(torn).toEqual([])
})

test.for([
  'anna-katharina.lindqvist@post.example-company.com',
  'a@b.example.com',
  'anna.lindqvist@xn--bcher-kva.example',
])('the address %s breaks after @ or a dot', async (email) => {
  const values = { attempt: 'att_1', email, ttlMs: 600_000, resendAfter: 0 }

  expect(await tornIn(renderPage('code', values, CONTEXT))).toEqual([])
})
