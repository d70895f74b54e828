import { expect, test } from 'vitest'
import { renderPage } from '../../src/http/pages/render.ts'
import { templates } from '../../src/platform/texts/templates.ts'
import { CONTEXT, FACES, PAGES } from './samples.ts'

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>{{token}}{{{body}}}&#x22;`

test.for(FACES)('%s has no inline script, no inline style but its own, and no third-party content', (face) => {
  const html = PAGES[face]()

  const scripts = html.match(/<script[^>]*>[^<]*/g) ?? []
  expect(
    scripts.filter((tag) => !/^<script type="module" src="\/auth\/assets\/page\.[0-9a-f]{12}\.js">$/.test(tag)),
  ).toEqual([])
  expect(html.match(/<style.*?<\/style>/gs)).toEqual([`<style>${templates().style.css}</style>`])
  expect(html).not.toMatch(/\sstyle=|\son[a-z]+=|javascript:/i)
  const ours = ['href="https://app.example.com/"', 'href="https://example.com/help"']
  const others = html.match(/(?:src|href|action)="https?:[^"]*"/g) ?? []
  expect([...new Set(others)].sort()).toEqual(ours)
})

test.for(FACES)('%s uses the path of public_url', (face) => {
  const html = PAGES[face]()

  const targets = [...html.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, target]) => target)
  expect(targets.filter((target) => !target?.startsWith('/auth/'))).toEqual([])
  expect(targets.length).toBeGreaterThan(0)
})

test.for(FACES)('%s is German for a browser that asks for German', (face) => {
  const html = PAGES[face]({ lang: 'fr;q=0.5, de-AT, en;q=0.8' })

  expect(html).toContain('<html lang="de" dir="ltr">')
  expect(html).toContain('Hilfe beim Anmelden')
})

test('hostile values are escaped', () => {
  const pages = [
    renderPage('signin', { asked: HOSTILE, email: HOSTILE, redirectTo: HOSTILE }, CONTEXT),
    renderPage(
      'code',
      { attempt: HOSTILE, email: HOSTILE, ttlMs: 600_000, resendAfter: 0, redirectTo: HOSTILE },
      CONTEXT,
    ),
    renderPage('link', { kind: 'own', attempt: HOSTILE, token: HOSTILE, emailMasked: HOSTILE }, CONTEXT),
    renderPage(
      'link',
      { kind: 'elsewhere', emailMasked: HOSTILE, begunAt: 0, now: 1, browser: HOSTILE, ip: HOSTILE },
      CONTEXT,
    ),
    renderPage('signout', { email: HOSTILE }, { ...CONTEXT, appName: HOSTILE, basePath: HOSTILE, supportUrl: HOSTILE }),
    renderPage('error', { code: HOSTILE, message: HOSTILE, status: 400, requestId: HOSTILE, start: HOSTILE }, CONTEXT),
  ]

  expect(pages.join('')).not.toMatch(/<script>|<img|onerror='|&#x22;/)
  expect(pages.join('')).toContain('&lt;script&gt;')
})

test('the field for a code works with password managers, and accepts letters where the code has them', () => {
  const short = PAGES.code()
  const long = PAGES['code, long, sent again']()

  expect(short).toMatch(/<input [^>]*autocomplete="one-time-code"[^>]* inputmode="numeric"/)
  expect(long).not.toContain('inputmode="numeric"')
  expect(short).not.toContain('pattern=')
})

test('the page after sending shows the address and the wait, and keeps the destination', () => {
  const values = {
    attempt: 'att_1',
    email: 'anna@example.com',
    ttlMs: 600_000,
    resendAfter: 40,
    redirectTo: 'https://app.example.com/?a=b',
  }

  const html = renderPage('code', values, CONTEXT)

  expect(html).toContain('<strong><bdi>anna@<wbr>example.<wbr>com</bdi></strong>')
  expect(html).toContain('You can ask for another mail in 40 seconds.')
  expect(html).toContain('href="/auth/signin?redirect_to=https%3A%2F%2Fapp.example.com%2F%3Fa%3Db"')
})

test('in the browser that asked, a link shows one form that posts, with one button', () => {
  const html = PAGES['link, own browser']()

  const forms = html.match(/<form method="post".+?<\/form>/gs) ?? []
  expect(forms).toHaveLength(1)
  expect(forms.join().match(/<button/g)).toHaveLength(1)
  expect(forms.join()).toContain('<form method="post" action="/auth/signin/link">')
  expect(html).toContain('Sign in as a…@<wbr>example.<wbr>com')
})

test('in another browser a link shows neither form nor token', () => {
  const html = PAGES['link, elsewhere']()

  expect(html).not.toMatch(/<form|<button|<input/)
  expect(html).toContain('3 minutes ago')
  expect(html).toContain('Firefox on Linux')
})

test('an error is shown once, at its field, describes it, and is in the title', () => {
  const html = PAGES['signin, corrected']()

  expect(html).toContain('<title>Error: Sign in to Example · Example</title>')
  expect(html).toMatch(/<p class="fault" id="fault">Enter one complete e-mail address[^<]+<\/p>\s*<input id="email"/)
  expect(html.match(/Enter one complete e-mail address/g)).toHaveLength(1)
  expect(html).toMatch(/<input id="email"[^>]* value="anna@" aria-invalid="true" aria-describedby="fault" autofocus>/)
})

test.for(FACES.filter((face) => PAGES[face]().includes('id="fault"')))('%s shows its error once', (face) => {
  const html = PAGES[face]()
  const [, sentence = ''] = /id="fault"[^>]*>([^<]+)</.exec(html) ?? []

  expect(html.split(sentence)).toHaveLength(2)
})

test('a rate limit says when it ends', () => {
  const error = { code: 'RATE_LIMITED', message: 'Too many requests.', retryAfter: 3120 }

  const html = renderPage('signin', { asked: '{}', error }, CONTEXT)

  expect(html).toContain('You can try again in 52 minutes.')
})

test('an error without its own sentence uses the given one', () => {
  const html = renderPage(
    'error',
    {
      code: 'NEW_CODE',
      message: 'Something new.',
      status: 400,
      requestId: 'r1',
      start: 'https://auth.example.com/signin',
    },
    CONTEXT,
  )

  expect(html).toContain('<h1>That did not work</h1>')
  expect(html).toContain('<p>Something new.</p>')
})
