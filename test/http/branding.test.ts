import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'authd-brand-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test("the operator's logo and colours are on the pages, from authd's origin", async () => {
  const [logo, theme_css] = [join(folder(), 'logo.SVG'), join(folder(), 'theme.css')]
  writeFileSync(logo, '<svg xmlns="http://www.w3.org/2000/svg"/>')
  writeFileSync(theme_css, ':root { --accent: #402090 }')
  const authd = await startAuthd({ config: { app: { name: 'Example', logo, theme_css } } })
  const browser = authd.browser()

  const page = await browser.get('/signin')
  const picture = await browser.get('/assets/logo')
  const theme = await browser.get('/assets/theme.css')

  expect(page.body).toContain('<img class="logo" src="/assets/logo" alt="" height="32">')
  expect(page.body).toMatch(/<\/style>\s*<link rel="stylesheet" href="\/assets\/theme\.css">/)
  expect(picture.headers.get('Content-Type')).toBe('image/svg+xml')
  expect(theme.body).toContain('--accent: #402090')
})

test('with app.url the name on a page leads to the app, and so does the way back', async () => {
  const authd = await startAuthd({ config: { app: { name: 'Example', url: 'https://app.example.com/?a=1&b=2' } } })
  const plain = await startAuthd()

  const { body } = await authd.browser().get('/signin')
  const without = await plain.browser().get('/signin')

  expect(body).toMatch(/<a class="home" href="https:\/\/app\.example\.com\/\?a&#x3D;1&amp;b&#x3D;2">/)
  expect(body).toMatch(/<footer><a href="https:\/\/app\.example\.com[^>]+>Back to Example<\/a>/)
  expect(without.body).not.toMatch(/class="home" href|Back to/)
})

test('the accent is on the pages below the style sheet of the operator, and the dark logo in dark mode', async () => {
  const [logo, logo_dark, theme_css] = ['logo.svg', 'dark.png', 'theme.css'].map((name) => join(folder(), name))
  for (const file of [logo, logo_dark, theme_css]) writeFileSync(file ?? '', 'x')
  const authd = await startAuthd({ config: { app: { accent: '#FFD400', logo, logo_dark, theme_css } } })
  const browser = authd.browser()

  const { body } = await browser.get('/signin')
  const accent = await browser.get('/assets/accent.css')
  const dark = await browser.get('/assets/logo-dark')

  expect(body).toMatch(/<\/style>\s*<link[^>]+"\/assets\/accent\.css">\s*<link[^>]+"\/assets\/theme\.css">/)
  expect(body).toContain('<source srcset="/assets/logo-dark" media="(prefers-color-scheme: dark)">')
  expect(accent.body).toMatch(
    /--on-accent: #000000;[^}]+\}\n@media \(prefers-color-scheme: dark\) \{ :root \{ --accent: #ffd400/,
  )
  expect(dark.headers.get('Content-Type')).toBe('image/png')
})

test.each([
  ['logo', 'missing.svg', /app\.logo: .*does not exist/],
  ['logo', 'logo.gif', 'is not an .svg, .png or .webp file'],
  ['logo_dark', 'missing.svg', /app\.logo_dark: .*does not exist/],
  ['theme_css', 'missing.css', /app\.theme_css: .*does not exist/],
])('a start with %s = %s fails and names the key', async (key, file, words) => {
  const start = startAuthd({ config: { app: { [key]: join(folder(), file) } } })

  await expect(start).rejects.toThrow(words)
})
