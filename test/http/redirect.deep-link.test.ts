import { expect, test } from 'vitest'
import { isAllowedRedirect } from '../../src/flows/signin/redirect.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, askOnPage, signInOnPage } from '../support/people.ts'
import { fc } from '../support/property.ts'

const ORIGIN = 'https://app.example.com'
const SHOP = `${ORIGIN}/shop`
const config = { signin: { redirect_urls: [`${SHOP}/*`, 'https://other.example.com/in'] } }

function allowing(...redirectUrls: string[]): (address: string) => boolean {
  return (address) => isAllowedRedirect(redirectUrls, address)
}

test.each([
  `${SHOP}/`,
  `${SHOP}/orders/5`,
  `${SHOP}/orders?id=5&next=https://evil.example/`,
  `${SHOP}/a.b-c_d~e%20f/%C3%BC`,
  `${SHOP}/100%25`,
  `${SHOP}/files/a.b/c%2Ed`,
  `${SHOP}/v1.2/a;b=c/%E6%97%A5?a=%252e%2f`,
  'https://other.example.com/in',
])('%s is below a listed address, or is one', (address) => {
  expect(allowing(...config.signin.redirect_urls)(address)).toBe(true)
})

const TRICKS = [
  SHOP,
  `${SHOP}shop/x`,
  `${ORIGIN}/`,
  `${ORIGIN}/shopping`,
  `${SHOP}/../admin`,
  `${SHOP}/./x`,
  `${SHOP}/%2e%2e/admin`,
  `${SHOP}/.%2E/admin`,
  `${SHOP}/..%2fadmin`,
  `${SHOP}/..%5Cadmin`,
  `${SHOP}/%252e%252e/admin`,
  `${SHOP}/%25252e%25252e/admin`,
  `${SHOP}/%c0%ae%c0%ae/admin`,
  `${SHOP}/%E0%80%AE./admin`,
  `${SHOP}/x?\\evil.example`,
  `${SHOP}/%25%32%65%25%32%65/admin`,
  `${SHOP}/%2%35%32%65/admin`,
  `${SHOP}/%f0%80%80%ae%f0%80%80%ae/admin`,
  `${SHOP}/%f8%80%80%80%ae./admin`,
  `${SHOP}/..%3b/admin`,
  `${SHOP}/..%3Bx=1/admin`,
  `${SHOP}/..%253b/admin`,
  `${SHOP}/%u002e%u002e/admin`,
  `${SHOP}/%25u002e./admin`,
  `${SHOP}/%uff0e./admin`,
  `${SHOP}/%ef%bc%8e%ef%bc%8e/admin`,
  `${SHOP}/%e2%80%a5/admin`,
  `${SHOP}/%ef%bc%85%32%65./admin`,
  `${SHOP}/%ef%bc%8f/evil.example`,
  `${SHOP}/..%20/admin`,
  `${SHOP}/%20..;x/admin`,
  `${SHOP}/.../admin`,
  `${SHOP}/;x/evil.example`,
  `${SHOP}/%3bx/evil.example`,
  `${SHOP}/.%09./admin`,
  `${SHOP}/.\t./admin`,
  `${SHOP}/..%255cadmin`,
  `${SHOP}/%e2%80%ae`,
  `${SHOP}/100%`,
  `${SHOP}/..;/admin`,
  `${SHOP}/..;x=1/admin`,
  `${SHOP}/x\\..\\..\\admin`,
  `${SHOP}//evil.example/x`,
  `${SHOP}/%2f%2fevil.example`,
  `${SHOP}/x#@evil.example`,
  `${SHOP}/x#`,
  `${SHOP}/\t..`,
  `${SHOP}/x\r\nSet-Cookie: a=b`,
  `${SHOP}/x%0d%0aSet-Cookie:%20a=b`,
  `${SHOP}/x%00`,
  `${SHOP}/x\u0000`,
  `${SHOP}/x `,
  ` ${SHOP}/x`,
  `${SHOP}/ü`,
  'https://app.example.com@evil.example/shop/x',
  'https://user@app.example.com/shop/x',
  'https://user:pw@app.example.com/shop/x',
  'https://app.example.com:pw@evil.example/shop/x',
  'https://app.example.com\\@evil.example/shop/x',
  'https://app.example.com.evil.example/shop/x',
  'https://app.example.com./shop/x',
  'https://app.example.com:443/shop/x',
  'https://app.example.com:8443/shop/x',
  'https://app.example.com:/shop/x',
  'https://APP.example.com/shop/x',
  'HTTPS://app.example.com/shop/x',
  'http://app.example.com/shop/x',
  'https:/app.example.com/shop/x',
  'https:\\\\app.example.com\\shop\\x',
  '//app.example.com/shop/x',
  'https://аpp.example.com/shop/x',
  'https://app。example.com/shop/x',
  'https://xn--pp-6kc.example.com/shop/x',
  'https://app.example.com%2f.evil.example/shop/x',
  'https://other.example.com/in/x',
  'https://other.example.com/in?x',
]

test.each(TRICKS)('%j is not', (address) => {
  expect(allowing(...config.signin.redirect_urls)(address)).toBe(false)
})

test('API and pages reject every trick, and send nobody away', async () => {
  const authd = await startAuthd({ config })

  const opened: unknown[] = []
  for (const address of TRICKS.filter((one) => !/\0/.test(one))) {
    const browser = authd.browser()
    const replies = [
      await browser.post('/v1/signin', { json: { email: ADA, redirect_to: address, deliver: 'cookie' } }),
      await browser.post('/signin', { form: { email: ADA, redirect_to: address } }),
      await browser.get(`/signin?redirect_to=${encodeURIComponent(address)}`),
    ]
    opened.push(...replies.filter(({ status }) => status !== 400).map(({ status }) => [address, status]))
    const out = await browser.post('/signout', { form: { redirect_to: address } })
    opened.push(...[out.headers.get('Location')].filter((to) => to !== '/signin?notice=signed_out'))
  }

  expect(opened).toEqual([])
})

/** Parts of an address, and what attackers put between them. */
const PARTS = [
  ...['https:', 'http:', '//', '/', '\\', '@', ':', '?', '#', '..', '.', ';', '*', ' ', '\t', '\n', '\r', '\0'],
  ...['app.example.com', 'evil.example', 'shop', 'admin', 'user', '443', 'localhost', '。', 'ü', '\u202e', '\ud800'],
  ...['%2e', '%2F', '%5c', '%00', '%0a', '%25', '%252e', '%E0%80%AE', '%c0%ae', '%40', '%23', '%3f'],
  ...[
    '%',
    '%25',
    '%32',
    '%65',
    '%3b',
    '%u002e',
    '%u',
    '%f0%80%80%ae',
    '%ef%bc%8e',
    '%EF%BC%8F',
    '%20',
    '25',
    '2e',
    'u002f',
  ],
]

/** What the most careless server may make of a path: decoded until nothing is left to decode, then resolved. */
function carelessly(path: string): string {
  let read = path
  for (const _ of PARTS) {
    read = read.replace(/%u([0-9a-f]{4})|((?:%[0-9a-f]{2})+)/gi, (_, unit, bytes = '') =>
      unit ? String.fromCharCode(Number.parseInt(unit, 16)) : decodeLoosely(bytes),
    )
  }
  const segments: string[] = []
  for (const segment of read.normalize('NFKC').replaceAll('\\', '/').split('/')) {
    const name = (segment.split(';')[0] ?? '').trim()
    if (name === '..') segments.pop()
    else if (name !== '.') segments.push(segment)
  }
  return segments.join('/')
}

/** Bytes as UTF-8, and ASCII in more bytes than it needs (RFC 3629 §10) as the ASCII character. */
function decodeLoosely(text: string): string {
  const bytes = Buffer.from(text.replaceAll('%', ''), 'hex')
  const short = bytes
    .toString('latin1')
    .replace(/(?:[\xc0\xc1]|\xe0[\x80-\x81]|\xf0\x80[\x80-\x81])([\x80-\xbf])/g, (_, last: string) =>
      String.fromCharCode(last.charCodeAt(0) & 0x3f),
    )
  return Buffer.from(short, 'latin1').toString('utf8')
}

test('whatever is allowed stays on its origin and below its path, however a browser or server reads it', () => {
  const isAllowed = allowing(`${SHOP}/*`)
  const tail = fc.array(fc.constantFrom(...PARTS), { maxLength: 8 }).map((parts) => parts.join(''))
  const address = fc.tuple(fc.constantFrom(`${SHOP}/`, SHOP, ORIGIN, ''), tail).map((both) => both.join(''))
  let allowed = 0

  fc.assert(
    fc.property(address, (text) => {
      if (!isAllowed(text)) return
      allowed += 1
      const url = new URL(text)
      expect([url.origin, url.username, url.password, url.hash]).toEqual([ORIGIN, '', '', ''])
      expect(text).toMatch(/^[\x21-\x7e]+$/)
      expect(text).not.toMatch(/[\\#]/)
      expect(`${carelessly(url.pathname)}/`).toMatch(/^\/shop\//)
      expect(carelessly(url.pathname)).not.toContain('//')
    }),
    { numRuns: 20_000 },
  )

  expect(allowed).toBeGreaterThan(500)
})

test('a deep link survives the sign-in and the sign-out', async () => {
  const authd = await startAuthd({ config: { ...config, webauthn: { offer: false } } })
  const browser = authd.browser()
  const redirect_to = `${SHOP}/orders/5?tab=items`

  await browser.post('/signin', { form: { email: ADA, redirect_to } })
  const mail = await authd.takeProofMail()
  const attempt = new URL(mail?.values['link'] ?? '').searchParams.get('token')?.split('.')[0] ?? ''
  const done = await browser.post('/signin/code', { form: { attempt, code: mail?.values['code'] ?? '' } })
  const asked = await browser.get(`/signout?redirect_to=${encodeURIComponent(redirect_to)}`)
  const out = await browser.post('/signout', { form: { redirect_to } })
  const again = await browser.get(`/signout?redirect_to=${encodeURIComponent(redirect_to)}`)

  expect(done.headers.get('Location')).toBe(redirect_to)
  expect(asked.body).toContain('name="redirect_to" value="https://app.example.com/shop/orders/5?tab&#x3D;items"')
  // The link to stay signed in leads back as well.
  expect(asked.body).toContain('href="https://app.example.com/shop/orders/5?tab&#x3D;items"')
  expect([out, again].map(({ headers }) => headers.get('Location'))).toEqual([redirect_to, redirect_to])
})

test('the forms of the pages may lead to the origin of an entry', async () => {
  const authd = await startAuthd({ config })
  const browser = authd.browser()
  await askOnPage(authd, browser)
  await signInOnPage(authd, browser)

  const { headers } = await browser.get('/account')

  expect(headers.get('Content-Security-Policy')).toContain(`form-action 'self' ${ORIGIN} https://other.example.com;`)
})
