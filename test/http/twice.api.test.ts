import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { mayHaveKey } from '../../src/http/endpoint/endpoint.ts'
import { documented, ENDPOINTS } from '../support/documented.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { addedBetween, copyOf, shownBy, standingOf, tracesIn } from '../support/pressing.ts'
import { type Prepared, RECIPES } from './fuzz/recipes.ts'
import { type Attacker, makeAttacker } from './fuzz/world.ts'

const CHANGES = ENDPOINTS.filter(({ method, path }) => method !== 'GET' && path.startsWith('/v1/'))
const ROUTES = CHANGES.filter(mayHaveKey).map(({ route }) => route)
const PROOFS = CHANGES.filter(({ guard, limit }) => guard === 'none' && limit === 'guess').map(({ route }) => route)

/** Their answer ends what the browser showed, so it cannot show that again. */
const ENDING = new Set(['POST /v1/logout', 'DELETE /v1/me', 'POST /v1/signin/link'])

const OWN_RECIPES: typeof RECIPES = {
  'POST /v1/signin': async (_, { email }) => ({ body: { email } }),
  'POST /v1/signin/link': async (authd, { browser, email }) => {
    await browser.post('/v1/signin', { json: { email, deliver: 'cookie' } })
    const link = new URL((await authd.takeProofMail())?.values['link'] ?? 'http://no.link')
    return { body: { token: link.searchParams.get('token') } }
  },
}

interface Call extends Prepared {
  method: string
  path: string
  browser: Browser
  bearer: string | undefined
}

async function prepare(authd: Authd, route: string, email: string): Promise<Call> {
  const [method = '', pattern = ''] = route.split(' ')
  const me: Attacker = await makeAttacker(authd, email)
  const recipe = OWN_RECIPES[route] ?? RECIPES[route]
  const example = documented({ method, path: pattern }).request as Record<string, unknown> | undefined
  const prepared: Prepared = recipe ? await recipe(authd, me) : example ? { body: example } : {}
  const asked = { name: 'api', scopes: ['introspect' as const], expiresAt: null }
  const isForApi = pattern === '/v1/token/introspect'
  const bearer = isForApi ? (await createApiKey(authd.deps, SYSTEM, asked)).token : undefined
  await authd.takeMail()
  return { ...prepared, method, path: pattern.replace(/:\w+/, prepared.id ?? ''), browser: me.browser, bearer }
}

/** Makes the same call from a browser. */
function caller({ method, path, body, bearer }: Call, key: string | undefined) {
  const headers = key === undefined ? {} : { 'Idempotency-Key': key }
  const isForm = path === '/v1/token/revoke' || path === '/v1/token/introspect'
  const sent = isForm ? { form: body as Record<string, string> } : { json: body }
  return (browser: Browser) =>
    browser.send(method, path, { headers, ...(body && sent), ...(bearer !== undefined && { bearer }) })
}

describe.each(['sqlite', 'postgres'] as const)('a call that is sent twice on %s', (database) => {
  async function sendTwice(route: string, keyFor: (at: number) => string | undefined): Promise<void> {
    const authd = await startAuthd({ database })
    const call = await prepare(authd, route, 'ida@example.com')
    const lost = copyOf(authd, call.browser)
    const later = copyOf(authd, call.browser)
    const keeping = ENDING.has(route) ? copyOf(authd, call.browser) : call.browser
    const send = caller(call, keyFor(1))
    const before = await tracesIn(authd)

    const first = await send(call.browser)
    const once = await tracesIn(authd)
    const standing = await standingOf(call.browser)
    authd.clock.advance(40)
    const afterLoss = await send(lost)
    authd.clock.advance(210)
    const kept = await send(keeping)
    authd.clock.advance(1750)
    const late = await send(later)

    expect(first.status).toBeLessThan(300)
    expect([afterLoss, kept, late].map(shownBy)).toEqual(Array(3).fill(shownBy(first)))
    expect(await tracesIn(authd)).toEqual(once)
    expect([await standingOf(lost), await standingOf(later), await standingOf(call.browser)]).toEqual(
      Array(3).fill(standing),
    )

    const parallel = await prepare(authd, route, 'grace@example.com')
    const sendParallel = caller(parallel, keyFor(2))
    const start = await tracesIn(authd)
    const copies = [copyOf(authd, parallel.browser), copyOf(authd, parallel.browser)]
    const replies = await Promise.all(copies.map(sendParallel))
    const settled = await sendParallel(copyOf(authd, parallel.browser))

    expect(settled.status).toBe(first.status)
    expect([first.status, 409]).toEqual(expect.arrayContaining(replies.map(({ status }) => status)))
    expect(addedBetween(start, await tracesIn(authd))).toEqual(addedBetween(before, once))
  }

  test.each(ROUTES)('%s with an Idempotency-Key is done once', async (route) => {
    await sendTwice(route, (at) => `"0123456789abcdef-${at}"`)
  })

  test.each(PROOFS)('%s without a key signs in once, with the same answer', async (route) => {
    await sendTwice(route, () => undefined)
  })
})
