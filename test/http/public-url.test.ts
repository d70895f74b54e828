import { describe, expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { ADA, askForCode, askOnPage, signInOnPage } from '../support/people.ts'

const SPOOFED = {
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'gopher',
  'X-Forwarded-Prefix': '/evil',
  'X-Forwarded-Port': '1',
  'X-Forwarded-Server': 'evil.example',
  'X-Original-URL': 'https://evil.example/',
  'X-Rewrite-URL': '/evil',
  'X-Host': 'evil.example',
  Forwarded: 'host=evil.example;proto=https;for=evil.example',
}

describe('with a forged host in a request', () => {
  test('links, problem addresses and the OpenAPI document start with public_url', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()

    await browser.post('/signin', { form: { email: ADA }, headers: SPOOFED })
    const [mail] = await authd.takeMail()
    const problem = await browser.get('/nothing', { headers: SPOOFED })
    const document = await authd.browser().get('/openapi.json', { headers: { ...SPOOFED, Host: 'evil.example' } })

    expect(mail?.values['link']).toMatch(new RegExp(`^${authd.url}/signin/link\\?token=`))
    expect(problem.body.type).toMatch(new RegExp(`^${authd.url}/problems/`))
    expect(document.body.servers).toEqual([{ url: authd.url }])
  })

  test('a mail requested through the API does not contain the forged host', async () => {
    const authd = await startAuthd({ config: { signin: { link_urls: ['https://app.example.com/in'] } } })
    const headers = {
      ...SPOOFED,
      Host: 'evil.example',
      Origin: 'https://evil.example',
      Referer: 'https://evil.example/',
    }

    await authd.browser().post('/v1/signin', { json: { email: ADA, link_to: 'https://app.example.com/in' }, headers })
    const [mail] = await authd.takeMail()

    expect(mail?.values['link']).toMatch(/^https:\/\/app\.example\.com\/in\?token=/)
    expect(JSON.stringify(mail)).not.toContain('evil')
  })
})

/** A deployment at a path of the app's origin, behind a proxy that strips the path. */
describe('public_url with a path', () => {
  const config = { public_url: 'https://app.example.com/auth' }

  test('is in links, forms, assets and redirects', async () => {
    const authd = await startAuthd({ config })
    const browser = authd.browser()

    const page = await browser.get('/signin')
    const { asked, link, attempt, code } = await askOnPage(authd, browser)
    const codePage = await browser.get(`/signin/code?attempt=${attempt}`)
    const done = await browser.post('/signin/code', { form: { attempt, code } })
    const addresses = [page.body, codePage.body].flatMap((html: string) =>
      [...html.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, address = '']) => address),
    )

    expect(link).toMatch(/^https:\/\/app\.example\.com\/auth\/signin\/link\?token=/)
    expect(addresses.length).toBeGreaterThan(3)
    expect(addresses.filter((address) => !address.startsWith('/auth/'))).toEqual([])
    expect(asked.headers.get('Location')).toBe(`/auth/signin/code?attempt=${attempt}`)
    expect(done.headers.get('Location')).toBe('/auth/account/passkeys/new?offer=1')
  })

  test('works behind a proxy that passes the path on', async () => {
    const authd = await startAuthd({ config })
    const get = async (path: string) => (await authd.browser().get(path)).status

    const codes = await Promise.all(
      ['/auth/signin', '/auth/health', '/auth/.well-known/jwks.json', '/auth/v1/session', '/authors', '/auth/nope'].map(
        get,
      ),
    )

    expect(codes).toEqual([200, 200, 200, 401, 404, 404])
  })

  test('that begins like a route of authd is left to the proxy', async () => {
    const authd = await startAuthd({ config: { public_url: 'https://app.example.com/signin' } })
    const get = async (path: string) => (await authd.browser().get(path)).status

    expect([await get('/signin'), await get('/signin/nope')]).toEqual([200, 404])
  })

  test('serves assets where its pages link to', async () => {
    const authd = await startAuthd({ config })
    const page = await authd.browser().get('/signin')
    const [, script = ''] = /<script type="module" src="\/auth([^"]+)"/.exec(page.body) ?? []

    const { status, headers } = await exchange(authd.address + script, { method: 'GET' })

    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toMatch(/^text\/javascript/)
    expect(headers.get('Cache-Control')).toContain('immutable')
  })

  test('sets cookies for the whole origin that no other site or subdomain can write', async () => {
    const authd = await startAuthd({ config })
    const browser = authd.browser()

    const { asked } = await askOnPage(authd, browser)
    const done = await signInOnPage(authd, browser, 'bob@example.com')
    const lines = [...asked.headers.getSetCookie(), ...done.headers.getSetCookie()]

    expect(lines.map((line) => line.split('=')[0])).toEqual([
      '__Host-authd-attempt',
      '__Host-authd-attempt',
      '__Host-authd',
      '__Host-authd-device',
    ])
    expect(lines.filter((line) => !/; Path=\/; .*HttpOnly; SameSite=Lax; Secure$/.test(line))).toEqual([])
    expect(lines.join()).not.toContain('Domain')
    expect((await browser.get('/v1/session')).body.user.email).toBe('bob@example.com')
  })

  test('is the issuer, the audience and the base of problem addresses', async () => {
    const authd = await startAuthd({ config })
    const { attemptToken, code } = await askForCode(authd)

    const { body } = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })
    const problem = await authd.browser().get('/v1/session')

    const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString())
    expect([claims.iss, claims.aud]).toEqual(['https://app.example.com/auth', 'https://app.example.com/auth'])
    expect(problem.body.type).toBe('https://app.example.com/auth/problems/unauthorized')
  })
})
