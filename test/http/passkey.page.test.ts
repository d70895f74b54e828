import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { disableUsers } from '../../src/flows/users/disable.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { answerPasskey, deviceFor, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import type { PasskeyDevice } from '../support/passkey-device.ts'
import { ADA } from '../support/people.ts'

/** What the page gives to the browser's authenticator. */
async function open(browser: Browser): Promise<Reply['body']> {
  const { body } = await browser.get('/signin')
  const [, asked = ''] = /data-asked="([^"]*)"/.exec(body) ?? []
  return JSON.parse(asked.replaceAll('&quot;', '"'))
}

async function send(browser: Browser, device: PasskeyDevice, asked: Reply['body'], more = {}): Promise<Reply> {
  const credential = JSON.stringify(device.sign(asked.options))
  return await browser.post('/signin/passkey', { form: { challenge_id: asked.challenge_id, credential, ...more } })
}

async function sessions(authd: Authd): Promise<number> {
  return (await authd.auditLog()).filter(({ eventType }) => eventType === 'session.created').length
}

test('a sign-in page that is opened writes nothing and counts for no limit', async () => {
  const authd = await startAuthd({ config: { limits: { requests_per_minute: 3 } } })
  await authd.browser().get('/signin')
  authd.takeStatements()

  const statuses = []
  for (let person = 0; person < 20; person += 1) statuses.push((await authd.browser().get('/signin')).status)
  const written = authd.takeStatements().filter((kind) => kind !== 'select')
  const begun = await authd.browser().post('/v1/signin', { json: { email: ADA } })

  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(written).toEqual([])
  expect(begun.status).toBe(201)
})

describe.each(['sqlite', 'postgres'] as const)('the challenge of a sign-in page (%s)', (database) => {
  test('signs in once, and not again in another form, on another instance or after a restart', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    const other = await authd.another()
    const browser = authd.browser()
    const asked = await open(browser)

    const visit = browser.cookies.get('authd-visit') ?? ''
    const first = await send(browser, device, asked)
    const elsewhere = other.browser()
    elsewhere.cookies.set('authd-visit', visit)
    const again = authd.browser()
    again.cookies.set('authd-visit', visit)
    const replays = [await send(again, device, asked), await send(elsewhere, device, asked)]
    await other.stop()
    const restarted = (await authd.another()).browser()
    restarted.cookies.set('authd-visit', visit)
    replays.push(await send(restarted, device, asked))

    expect([first.status, first.headers.get('Location')]).toEqual([303, '/account'])
    expect(replays.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(await sessions(authd)).toBe(2)
  })

  test('signs in once with ten concurrent answers', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await open(browser)

    const replies = await Promise.all(Array.from({ length: 10 }, () => send(browser, device, asked)))

    expect(replies.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(await sessions(authd)).toBe(2)
  })
})

describe('the challenge of a sign-in page', () => {
  test('works only in the browser that opened it, and a stranger does not use it up', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const [owner, other, bare] = [authd.browser(), authd.browser(), authd.browser()]
    const asked = await open(owner)
    await open(other)

    const refused = [await send(other, device, asked), await send(bare, device, asked)]
    const right = await send(owner, device, asked)

    expect(refused.map(({ status }) => status)).toEqual([401, 401])
    expect(right.status).toBe(303)
  })

  test.each([
    ['expires after five minutes', 5 * MINUTE, 401],
    ['is good until then', 5 * MINUTE - SECOND, 303],
  ])('%s', async (_, wait, status) => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await open(browser)
    authd.clock.advance(wait)

    const answered = await send(browser, device, asked)

    expect(answered.status).toBe(status)
  })

  test('has one time only: a later one in its id is refused, and so is a clock that was set back', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await open(browser)
    const [kind, time, nonce] = asked.challenge_id.split('.')
    const later = { ...asked, challenge_id: `${kind}.${Number(time) + MINUTE}.${nonce}` }

    const altered = await send(browser, device, later)
    authd.clock.advance(-10 * MINUTE)
    const early = await send(browser, device, asked)

    expect([altered.status, early.status]).toEqual([401, 401])
  })

  test('is used up by a failed answer, and the page that says so has another', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await open(browser)

    const failed = await send(browser, device, asked, { credential: '{}', redirect_to: 'https://evil.example' })
    const good = await send(browser, device, asked)

    expect([failed.status, good.status]).toEqual([401, 401])
    expect(failed.body).toContain('data-asked="{&quot;challenge_id')
    expect(failed.body).not.toContain('evil.example')
  })

  test('leads to where the app asked for', async () => {
    const redirect_to = 'https://app.example.com/in'
    const authd = await startAuthd({ config: { signin: { redirect_urls: [redirect_to] } } })
    const { device } = await withPasskey(authd)
    const browser = authd.browser()

    const { headers } = await send(browser, device, await open(browser), { redirect_to })

    expect(headers.get('Location')).toBe(redirect_to)
  })

  test('answers nothing but the form of that page', async () => {
    const authd = await startAuthd()
    const { browser, device } = await withPasskey(authd)
    const guest = authd.browser()
    const asked = await open(guest)
    await guest.post('/v1/signin', { json: { deliver: 'cookie' } })
    const json = { challenge_id: asked.challenge_id, credential: device.sign(asked.options) }
    const made = deviceFor(authd).register({ ...asked.options, user: { id: 'dXNlcg' }, rp: {} })

    const refused = [
      await answerPasskey(guest, device, asked),
      await browser.post('/v1/stepup/passkey', { json }),
      await browser.post('/v1/me/passkeys', { json: { ...json, credential: made } }),
    ]

    expect(refused.map(({ status }) => status)).toEqual([401, 401, 400])
  })

  test('is invalid once the user is disabled', async () => {
    const authd = await startAuthd()
    const { device } = await withPasskey(authd)
    const browser = authd.browser()
    const asked = await open(browser)
    await disableUsers(authd.deps, SYSTEM, { names: [ADA], reason: null })

    expect((await send(browser, device, asked)).status).toBe(401)
  })
})
