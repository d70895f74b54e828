import { describe, expect, test } from 'vitest'
import { PAGES } from '../../src/http/pages/mount.ts'
import { templates } from '../../src/platform/texts/templates.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { signInOnPage } from '../support/people.ts'

const SHOWN = PAGES.filter(({ method, path }) => method === 'GET' && !path.includes(':')).map(({ path }) => path)

async function signedIn(): Promise<{ authd: Authd; browser: Browser }> {
  const authd = await startAuthd({ config: { public_url: 'https://auth.example.com' } })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  return { authd, browser }
}

function directives(policy: string): Record<string, string> {
  return Object.fromEntries(
    policy.split(';').map((part) => {
      const [name = '', ...values] = part.trim().split(' ')
      return [name, values.join(' ')]
    }),
  )
}

// The criteria of the MDN HTTP Observatory for A+, including the bonus points.
describe('every page', () => {
  test.each(SHOWN)('%s may load only its own scripts and styles', async (path) => {
    const { browser } = await signedIn()

    const { headers } = await browser.get(path)
    const policy = directives(headers.get('Content-Security-Policy') ?? '')

    expect(policy).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': `'self' ${templates().style.source}`,
      'img-src': "'self'",
      'connect-src': "'self'",
      'form-action': "'self'",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
    })
  })

  test.each(SHOWN)('%s cannot be cached, framed, or leaked by a referrer', async (path) => {
    const { browser } = await signedIn()

    const { headers } = await browser.get(path)

    expect(Object.fromEntries(WANTED.map((name) => [name, headers.get(name)]))).toEqual({
      'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'X-XSS-Protection': '0',
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    })
    expect(headers.get('Permissions-Policy')).toContain('publickey-credentials-get=(self)')
    expect(headers.get('Server')).toBeNull()
    expect(headers.get('X-Powered-By')).toBeNull()
  })
})

const WANTED = [
  'Strict-Transport-Security',
  'X-Content-Type-Options',
  'X-Frame-Options',
  'X-XSS-Protection',
  'Referrer-Policy',
  'Cross-Origin-Opener-Policy',
  'Cross-Origin-Embedder-Policy',
  'Cross-Origin-Resource-Policy',
  'Cache-Control',
]

test.each([
  ['https://auth.example.com', undefined, 'max-age=63072000; includeSubDomains'],
  ['https://auth.example.com', 'host', 'max-age=63072000'],
  ['https://auth.example.com', 'off', null],
  ['https://example.com/auth', undefined, null],
  ['https://example.com/auth', 'host', 'max-age=63072000'],
  ['http://localhost:3000', 'subdomains', null],
])('at %s with server.hsts = %s, Strict-Transport-Security is %s', async (public_url, hsts, header) => {
  const authd = await startAuthd({ config: { public_url, ...(hsts !== undefined && { server: { hsts } }) } })

  const { headers } = await authd.browser().get('/health')

  expect(headers.get('Strict-Transport-Security')).toBe(header)
})

test('every cookie is for this host only, over https, and unreadable by scripts', async () => {
  const authd = await startAuthd({ config: { public_url: 'https://auth.example.com' } })
  const browser = authd.browser()

  const asked = await browser.post('/signin', { form: { email: 'ada@example.com' } })
  const attempt = asked.headers.get('Location')?.split('attempt=')[1] ?? ''
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  const done = await browser.post('/signin/code', { form: { attempt, code } })
  const cookies = [...asked.headers.getSetCookie(), ...done.headers.getSetCookie()]

  expect(cookies.map((line) => line.split('=')[0])).toEqual([
    '__Host-authd-attempt',
    '__Host-authd-attempt',
    '__Host-authd',
    '__Host-authd-device',
  ])
  expect(cookies.filter((line) => !/; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/.test(line))).toEqual([])
})

test('SECURITY: a page is not compressed, because it can show a secret beside what another site sent', async () => {
  const authd = await startAuthd()

  const reply = await authd.browser().get('/signin', { headers: { 'Accept-Encoding': 'gzip' } })

  expect(reply.body.length).toBeGreaterThan(1024)
  expect(reply.headers.get('Content-Encoding')).toBeNull()
})
