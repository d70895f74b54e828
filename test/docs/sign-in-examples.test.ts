import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { listSessions } from '../../src/store/sessions.ts'
import { complaintsOf, launchBrowser } from '../support/browser.ts'
import { EXAMPLES, startExample } from '../support/example.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA } from '../support/people.ts'

/** Every look at the clock is ten minutes later, so the example believes that its access token has expired. */
const FAST_CLOCK = 'data:text/javascript,const real=Date.now;let looks=0;Date.now=()=>real()+600000*looks++'
const USER_ADDRESS = '127.0.0.2'

/** A user's browser, on an address other than that of the backend. A cookie without Path=/ is for the folder of its page. */
function visitor(url: string) {
  const jar = new Map<string, string>()
  return async (method: string, path: string, body?: unknown) => {
    const sent = [...jar].filter(([folder]) => path.startsWith(folder)).map(([, cookie]) => cookie)
    const headers = { Cookie: sent.sort().join('; ') }
    const sending = request(new URL(path, url), { method, localAddress: USER_ADDRESS, headers })
    sending.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
    const [answer] = (await once(sending, 'response')) as [IncomingMessage]
    const [cookie = '', ...attributes] = answer.headers['set-cookie']?.[0]?.split('; ') ?? []
    jar.set(attributes.includes('Path=/') ? '/' : path.slice(0, path.lastIndexOf('/') + 1), cookie)
    return { status: answer.statusCode, body: (await json(answer)) as { user?: { email: string } } }
  }
}

test('the backend signs its user in at the user’s address, refreshes, and notices a revoked session', async () => {
  const authd = await startAuthd({ now: Date.now() })
  const key = await createApiKey(authd.deps, SYSTEM, { name: 'shop', scopes: ['signin'], expiresAt: null })
  const url = await startExample([process.execPath, '--import', FAST_CLOCK, 'backend/app.js'], {
    env: { AUTHD_URL: authd.url, AUTHD_KEY: key.token },
  })
  const call = visitor(url)

  const garbage = await call('POST', '/signin', 'garbage')
  const asked = await call('POST', '/signin', { email: ADA })
  const code = (await authd.takeProofMail())?.values['code']
  const wrong = await call('POST', '/signin/code', { code: '000000' })
  const done = await call('POST', '/signin/code', { code })
  const both = await Promise.all([call('GET', '/me'), call('GET', '/me')])
  const [session] = await authd.deps.db.read((sql) => listSessions(sql, {}, 2))
  await revokeByOperator(authd.deps, SYSTEM, { ids: [session?.id ?? ''] })
  const ended = await call('GET', '/me')
  await call('POST', '/signin', { email: ADA })
  await call('POST', '/signin/code', { code: (await authd.takeProofMail())?.values['code'] })
  const again = await call('GET', '/me')
  const out = await call('POST', '/signout', {})
  const afterwards = await call('GET', '/me')

  expect(garbage.status).toBe(400)
  expect(asked).toEqual({ status: 201, body: { sent: true } })
  expect(wrong.status).toBe(401)
  expect(done).toEqual({ status: 200, body: { status: 'complete' } })
  expect(both.map(({ body }) => body.user?.email)).toEqual([ADA, ADA])
  expect(session).toMatchObject({ ip: USER_ADDRESS, generation: 1 })
  expect(ended.status).toBe(401)
  expect([again.status, out.status, afterwards.status]).toEqual([200, 200, 401])
})

test('the backend accepts nobody who must set up a second factor first', async () => {
  const authd = await startAuthd({ now: Date.now(), config: { mfa: { policy: 'required' } } })
  const key = await createApiKey(authd.deps, SYSTEM, { name: 'shop', scopes: ['signin'], expiresAt: null })
  const url = await startExample([process.execPath, 'backend/app.js'], {
    env: { AUTHD_URL: authd.url, AUTHD_KEY: key.token },
  })
  const call = visitor(url)

  await call('POST', '/signin', { email: ADA })
  const done = await call('POST', '/signin/code', { code: (await authd.takeProofMail())?.values['code'] })
  const me = await call('GET', '/me')

  expect(done).toEqual({ status: 403, body: { code: 'ENROLMENT_REQUIRED' } })
  expect(me.status).toBe(401)
})

test('the single-page app signs in on a sibling origin, calls an API, and signs out', async () => {
  const pages = createServer()
  pages.listen(0, '127.0.0.1')
  await once(pages, 'listening')
  onTestFinished(() => void pages.close())
  const address = pages.address()
  const app = `http://localhost:${typeof address === 'object' ? address?.port : ''}`
  const authd = await startAuthd({
    now: Date.now(),
    config: { cors: { allowed_origins: [app] }, signin: { redirect_urls: [`${app}/*`] } },
  })
  const api = await startExample([process.execPath, 'node/app.js'], { env: { AUTHD_URL: authd.url } })
  const script = readFileSync(join(EXAMPLES, 'spa/app.js'))
  const html = readFileSync(join(EXAMPLES, 'spa/index.html'), 'utf8').replace('https://auth.example.com', authd.url)
  pages.on('request', async ({ url, headers }, response) => {
    const answer = await fetch(api, { headers: { Authorization: headers.authorization ?? '' } })
    const body = url === '/?view=1' ? html : url === '/app.js' ? script : await answer.text()
    const type = url === '/app.js' ? 'text/javascript' : 'text/html'
    response.writeHead(url === '/api' ? answer.status : 200, { 'Content-Type': type }).end(body)
  })
  const chromium = await launchBrowser()
  onTestFinished(() => chromium.close())
  const page = await chromium.newPage()
  const complaints = complaintsOf(page, [app, authd.url])

  await page.goto(`${app}/?view=1#part`)
  await page.getByLabel('E-mail').fill(ADA)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Code').waitFor()
  await page.getByLabel('Code').fill((await authd.takeProofMail())?.values['code'] ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Hello usr_').waitFor()
  await page.reload()
  await page.getByText('Hello usr_').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('Signed out').waitFor()
  const heard = [...complaints]
  await authd.stop()
  await page.reload()
  await page.getByText('Try again').waitFor()
  const asked = page.waitForEvent('requestfailed', (sent) => sent.url().endsWith('/v1/token'))
  await page.getByRole('button', { name: 'Sign out' }).click()
  await asked

  expect(await page.getByRole('status').textContent()).toBe('Try again')
  const cookies = await page.context().cookies()
  expect(cookies.filter(({ httpOnly }) => !httpOnly)).toEqual([])
  expect(heard).toEqual([])
})
