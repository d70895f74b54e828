import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { DAY, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { askOnPage, signInOnPage } from '../support/people.ts'
import { addedBetween, copyOf, fillForm, shownBy, standingOf, tracesIn } from '../support/pressing.ts'

const FORMS = PAGES.filter(({ method }) => method === 'POST').map(({ path }) => path)

/** A page with a form, and what the person types there. */
interface Filled {
  page: string
  typed?: Record<string, string>
  /** The path of the form, where it has an id. */
  path?: string
}

type Recipe = (authd: Authd, browser: Browser, email: string) => Promise<Filled>

const pageOf = async (browser: Browser, path: string) => String((await browser.get(path)).body)

/** Begins with a signed-in user. */
const signedIn =
  (recipe: Recipe): Recipe =>
  async (authd, browser, email) => {
    await signInOnPage(authd, browser, email)
    return await recipe(authd, browser, email)
  }
const onPage = (path: string, typed: Record<string, string> = {}): Recipe =>
  signedIn(async (_, browser) => ({ page: await pageOf(browser, path), typed }))

async function mailedCode(authd: Authd): Promise<string> {
  return (await authd.takeProofMail())?.values['code'] ?? ''
}

/** The secret of a new authenticator app, whose next code is not used yet. */
async function withApp(authd: Authd, browser: Browser): Promise<string> {
  const { secret } = await enrolTotp(authd, browser)
  authd.clock.advance(30 * SECOND)
  return secret
}

/** What the script of a passkey form fills in. */
async function passkeyFields(browser: Browser, path: string, answer: (options: never) => unknown, json?: unknown) {
  const { body } = await browser.post(path, json === undefined ? {} : { json })
  return { challenge_id: body.challenge_id, credential: JSON.stringify(answer(body.options as never)) }
}

async function secondFactor(authd: Authd, browser: Browser, email: string): Promise<string> {
  const { attempt, code } = await askOnPage(authd, browser, email)
  const { headers } = await browser.post('/signin/code', { form: { attempt, code } })
  return await pageOf(browser, headers.get('Location') ?? '')
}

async function ownPasskey(authd: Authd, browser: Browser): Promise<string> {
  return (await enrolPasskey(browser, deviceFor(authd))).body.passkey.id
}

/** Changes the address, and returns the token of the way back. */
async function changed(authd: Authd, browser: Browser, email: string): Promise<string> {
  await browser.post('/v1/me/email', { json: { email: `new.${email}` } })
  await browser.post('/v1/me/email/confirm', { json: { code: await mailedCode(authd) } })
  const mails = await authd.takeMail()
  const link = mails.flatMap(({ values }) => Object.values(values)).find((text) => text.includes('/restore-email?'))
  return new URL(link ?? 'http://no.link').searchParams.get('token') ?? ''
}

const RECIPES: Record<string, Recipe> = {
  '/signin': async (_, browser, email) => ({ page: await pageOf(browser, '/signin'), typed: { email } }),
  '/signin/code': async (authd, browser, email) => {
    const { attempt, code } = await askOnPage(authd, browser, email)
    return { page: await pageOf(browser, `/signin/code?attempt=${attempt}`), typed: { code } }
  },
  '/signin/link': async (authd, browser, email) => {
    const { token } = await askOnPage(authd, browser, email)
    return { page: await pageOf(browser, `/signin/link?token=${token}`) }
  },
  '/signin/factor': async (authd, browser, email) => {
    await signInOnPage(authd, browser, email)
    const secret = await withApp(authd, browser)
    const page = await secondFactor(authd, browser, email)
    return { page, typed: { method: 'totp', code: totpCode(authd, secret) } }
  },
  '/signin/passkey': async (authd, browser, email) => {
    await signInOnPage(authd, browser, email)
    const device = deviceFor(authd)
    await enrolPasskey(browser, device)
    const page = await secondFactor(authd, browser, email)
    const { attempt = '' } = fillForm(page, '/signin/passkey')
    const json = { attempt }
    return { page, typed: await passkeyFields(browser, '/v1/signin/passkey/options', (o) => device.sign(o), json) }
  },
  '/account/name': onPage('/account', { name: 'Ada' }),
  '/account/sessions/end': signedIn(async (authd, browser, email) => {
    await signInOnPage(authd, authd.browser(), email)
    return { page: await pageOf(browser, '/account') }
  }),
  '/account/sessions/end-others': signedIn(async (authd, browser, email) => {
    await signInOnPage(authd, authd.browser(), email)
    return { page: await pageOf(browser, '/account') }
  }),
  '/account/export': onPage('/account'),
  '/account/delete': onPage('/account/delete'),
  '/account/passkeys': signedIn(async (authd, browser) => {
    const device = deviceFor(authd)
    const typed = await passkeyFields(browser, '/v1/me/passkeys/options', (options) => device.register(options))
    return { page: await pageOf(browser, '/account/passkeys/new'), typed }
  }),
  '/account/passkeys/:id/name': signedIn(async (authd, browser) => {
    const id = await ownPasskey(authd, browser)
    const page = await pageOf(browser, `/account/passkeys/${id}`)
    return { page, typed: { name: 'mine' }, path: `/account/passkeys/${id}/name` }
  }),
  '/account/passkeys/:id/remove': signedIn(async (authd, browser) => {
    const id = await ownPasskey(authd, browser)
    return { page: await pageOf(browser, `/account/passkeys/${id}`), path: `/account/passkeys/${id}/remove` }
  }),
  '/account/totp/setup': onPage('/account/totp'),
  '/account/totp': signedIn(async (authd, browser) => {
    await browser.post('/account/totp/setup', { form: {} })
    const page = await pageOf(browser, '/account/totp/setup')
    const secret = /class="secret"[^>]*>([^<]*)/.exec(page)?.[1]?.replaceAll(' ', '') ?? ''
    return { page, typed: { code: totpCode(authd, secret) } }
  }),
  '/account/totp/remove': signedIn(async (authd, browser) => {
    await enrolTotp(authd, browser)
    return { page: await pageOf(browser, '/account/totp') }
  }),
  '/account/recovery-codes': signedIn(async (authd, browser) => {
    await enrolTotp(authd, browser)
    return { page: await pageOf(browser, '/account/recovery-codes') }
  }),
  '/account/recovery-codes/saved': signedIn(async (authd, browser) => {
    await enrolTotp(authd, browser)
    return { page: await pageOf(browser, '/account/recovery-codes/new') }
  }),
  '/account/confirm/mail': onPage('/account/confirm'),
  '/account/confirm': signedIn(async (authd, browser) => {
    const { body } = await browser.post('/account/confirm/mail', { form: { next: '/account/email' } })
    return { page: String(body), typed: { method: 'email', code: await mailedCode(authd) } }
  }),
  '/account/confirm/passkey': signedIn(async (authd, browser) => {
    const device = deviceFor(authd)
    await enrolPasskey(browser, device)
    const typed = await passkeyFields(browser, '/v1/stepup/passkey/options', (options) => device.sign(options))
    return { page: await pageOf(browser, '/account/confirm'), typed }
  }),
  '/account/email': signedIn(async (_, browser, email) => {
    return { page: await pageOf(browser, '/account/email'), typed: { email: `new.${email}` } }
  }),
  '/account/email/code': signedIn(async (authd, browser, email) => {
    await browser.post('/account/email', { form: { email: `new.${email}` } })
    return { page: await pageOf(browser, '/account/email/code'), typed: { code: await mailedCode(authd) } }
  }),
  '/restore-email': signedIn(async (authd, browser, email) => {
    return { page: await pageOf(browser, `/restore-email?token=${await changed(authd, browser, email)}`) }
  }),
  '/restore-email/code': signedIn(async (authd, browser, email) => {
    const { body } = await browser.post('/restore-email', { form: { token: await changed(authd, browser, email) } })
    return { page: String(body), typed: { code: await mailedCode(authd) } }
  }),
  '/not-you': async (authd, browser, email) => {
    await signInOnPage(authd, authd.browser(), email)
    await authd.takeMail()
    await signInOnPage(authd, authd.browser(), email)
    const mail = (await authd.takeMail()).find(({ template }) => template === 'new_device')
    return {
      page: await pageOf(browser, mail?.values['link']?.replace(authd.url, '') ?? ''),
      typed: { answer: 'not_me' },
    }
  },
  '/invite': async (authd, browser, email) => {
    const address = parseEmailAddress(email)
    const asked = { ttlMs: 3 * DAY, lang: 'en', mustSend: false, name: null }
    const [made] = await inviteUsers(authd.deps, SYSTEM, { ...asked, emails: address ? [address] : [] })
    return { page: await pageOf(browser, made?.url.replace(authd.url, '') ?? '') }
  },
  '/recover': async (authd, browser, email) => {
    await signInOnPage(authd, authd.browser(), email)
    const asked = { name: email, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
    const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)
    return { page: await pageOf(browser, url.replace(authd.url, '')) }
  },
  '/signout': onPage('/signout'),
}

test('each form has a recipe', () => {
  expect(Object.keys(RECIPES).sort()).toEqual([...FORMS].sort())
})

describe.each(['sqlite', 'postgres'] as const)('a form that is pressed twice on %s', (database) => {
  async function prepare(authd: Authd, form: string, email: string) {
    const browser = authd.browser()
    const made = await RECIPES[form]?.(authd, browser, email)
    const { page = '', typed = {}, path = form } = made ?? {}
    const fields = fillForm(page, path, typed)
    await authd.takeMail()
    return { browser, press: (by: Browser) => by.post(path, { form: fields }) }
  }

  test.each(FORMS)('%s is done once', async (form) => {
    const authd = await startAuthd({ database })
    const { browser, press } = await prepare(authd, form, 'ida@example.com')
    const [soon, later] = [copyOf(authd, browser), copyOf(authd, browser)]
    const before = await tracesIn(authd)

    const first = await press(browser)
    const once = await tracesIn(authd)
    const standing = await standingOf(browser)
    authd.clock.advance(40)
    const afterLoss = await press(soon)
    authd.clock.advance(210)
    const kept = await press(browser)
    authd.clock.advance(1750)
    const late = await press(later)

    expect(first.status).toBeLessThan(400)
    expect([afterLoss, kept, late].map(shownBy)).toEqual(Array(3).fill(shownBy(first)))
    expect(await tracesIn(authd)).toEqual(once)
    expect([await standingOf(soon), await standingOf(browser), await standingOf(later)]).toEqual(
      Array(3).fill(standing),
    )

    const parallel = await prepare(authd, form, 'grace@example.com')
    const start = await tracesIn(authd)
    const replies = await Promise.all([
      parallel.press(copyOf(authd, parallel.browser)),
      parallel.press(copyOf(authd, parallel.browser)),
    ])

    expect(replies.map(({ status }) => status)).toEqual([first.status, first.status])
    expect(addedBetween(start, await tracesIn(authd))).toEqual(addedBetween(before, once))
  })
})
