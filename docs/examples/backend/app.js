// A backend that signs its users in through the JSON API, with its own forms. Needs only Node.
//   authd api-keys create --name shop --scope signin
//   AUTHD_URL=https://auth.example.com AUTHD_KEY=key_… node app.js
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const { AUTHD_URL = 'http://localhost:3000', AUTHD_KEY, PORT = '4000' } = process.env
if (!AUTHD_KEY) throw new Error('Set AUTHD_KEY.')
/** What belongs to each browser, by the app's own cookie. A real app stores it where all its instances can read it. */
const browsers = new Map()

/** Calls authd. With the key, limits count for the user's address and not for the address of this backend. */
async function ask(path, body, { ip, authorization = `Bearer ${AUTHD_KEY}` }) {
  const headers = { Authorization: authorization, 'Authd-Client-IP': ip, 'Content-Type': 'application/json' }
  const sent = body ? { method: 'POST', body: JSON.stringify(body) } : {}
  const reply = await fetch(AUTHD_URL + path, { ...sent, headers, signal: AbortSignal.timeout(5000) })
  return { status: reply.status, body: await reply.json().catch(() => ({})) }
}

/** Stores the tokens. Otherwise the user must prove a second factor, or set one up: authd's own `/signin` leads there. */
function keep(browser, { status, body }) {
  if (status !== 200 || body.status === 'factor_required') return { status, body }
  if (body.session?.enrolment_required) return { status: 403, body: { code: 'ENROLMENT_REQUIRED' } }
  const { access_token: access, refresh_token: refresh, expires_in: seconds } = body
  Object.assign(browser, { access, refresh, staleAt: Date.now() + (seconds - 30) * 1000 })
  return { status, body: { status: 'complete' } }
}

const routes = {
  async 'POST /signin'(browser, { email }, ip) {
    const { status, body } = await ask('/v1/signin', { email }, { ip })
    browser.attempt = body.attempt_token
    return { status, body: status === 201 ? { sent: true } : body }
  },
  async 'POST /signin/code'(browser, { code }, ip) {
    return keep(browser, await ask('/v1/signin/code', { code, attempt_token: browser.attempt }, { ip }))
  },
  async 'GET /me'(browser, _, ip) {
    // Parallel requests wait for one refresh.
    const renew = async () => keep(browser, await ask('/v1/token/refresh', { refresh_token: browser.refresh }, { ip }))
    if (Date.now() > browser.staleAt) browser.refreshing ??= renew().finally(() => (browser.refreshing = undefined))
    await browser.refreshing
    return await ask('/v1/session', undefined, { ip, authorization: `Bearer ${browser.access}` })
  },
  async 'POST /signout'(browser, _, ip) {
    return await ask('/v1/token/revoke', { token: browser.refresh }, { ip }) // authd rejects both tokens from now on.
  },
}

const server = createServer(async (request, response) => {
  const old = /\bid=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  const browser = browsers.get(old) ?? {}
  const route = routes[`${request.method} ${request.url}`] ?? (async () => ({ status: 404, body: {} }))
  const sent = request.method === 'POST' ? await json(request).catch(() => null) : {}
  const work = async () => (sent ? await route(browser, sent, request.socket.remoteAddress) : { status: 400, body: {} })
  const { status, body } = await work().catch(() => ({ status: 503, body: {} }))
  // A new id at sign-in, so that nobody can plant a cookie that they know.
  const id = browsers.has(old) && body.status !== 'complete' ? old : randomUUID()
  if (id !== old) browsers.delete(old)
  browsers.set(id, browser)
  response.setHeader('Set-Cookie', `id=${id}; Path=/; HttpOnly; SameSite=Lax`)
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
})
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
