import { describe, expect, test } from 'vitest'
import { listLimits, resetLimits } from '../../src/flows/limits/rate-limit-admin.ts'
import { unlockUsers } from '../../src/flows/policy/lockout-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { mailboxOf } from '../../src/platform/mailbox.ts'
import { type Authd, type StartOptions, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askForCode, signInForTokens, signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const
const NOBODY = 'nobody@example.com'

function start(database: StartOptions['database'], more: Record<string, unknown> = {}): Promise<Authd> {
  const limits = { requests_per_minute: 1_000_000, guesses_per_hour: 1_000_000, mails_per_hour: 10 }
  return startAuthd({
    ...(database && { database }),
    config: { limits, signin: { resend_after: '30s' }, server: { trusted_proxies: ['127.0.0.1'] }, ...more },
  })
}

let clients = 0

/** A browser of a client that has not been seen. */
function another(authd: Authd): Browser {
  const browser = authd.browser()
  clients += 1
  browser.ip = `203.0.${Math.floor(clients / 250)}.${clients % 250}`
  return browser
}

/** Each request comes from a client of its own. Returns the statuses. */
async function ask(authd: Authd, email: string, times = 1, browser?: Browser): Promise<number[]> {
  const statuses: number[] = []
  for (let at = 0; at < times; at += 1) {
    const from = browser ?? another(authd)
    statuses.push((await from.post('/v1/signin', { json: { email, deliver: 'cookie' } })).status)
  }
  return statuses
}

/** A browser that its owner, Ada, has signed in with and out. */
async function knownBrowser(authd: Authd, email = ADA): Promise<Browser> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, email)
  await browser.post('/v1/logout')
  authd.clock.advance(2 * HOUR)
  return browser
}

/** The next request of a browser that continues no sign-in. */
async function askAgain(authd: Authd, browser: Browser): Promise<number> {
  browser.cookies.delete('authd-attempt')
  return (await ask(authd, ADA, 1, browser))[0] ?? 0
}

const OK = (times: number) => Array(times).fill(201)
const OVER = (times: number) => Array(times).fill(429)

describe.each(DATABASES)('a mailbox (%s)', (database) => {
  test('gets ten mails an hour, and above them one every 10 minutes, however many are requested', async () => {
    const authd = await start(database)

    const first = await ask(authd, NOBODY, 12)
    const statuses: number[][] = []
    for (let at = 0; at < 5; at += 1) {
      authd.clock.advance(10 * MINUTE)
      statuses.push(await ask(authd, NOBODY, 3))
    }
    authd.clock.advance(10 * MINUTE)
    const next = await ask(authd, NOBODY, 11)

    expect(first).toEqual([...OK(10), ...OVER(2)])
    expect(statuses).toEqual(Array(5).fill([201, 429, 429]))
    expect(next).toEqual([...OK(10), 429])
  })

  test('gives one client one mail an hour above the ten, so that others get the next', async () => {
    const authd = await start(database)
    const flooder = another(authd)
    const ask1 = async (browser: Browser) => (await askAgain(authd, browser)) === 201
    const owner = another(authd)
    const got = { flooder: 0, owner: 0 }

    // The stranger asks before the owner, each time.
    for (let minute = 0; minute < 120; minute += 1) {
      for (let times = 0; times < 12; times += 1) got.flooder += Number(await ask1(flooder))
      got.owner += Number(await ask1(owner))
      authd.clock.advance(MINUTE)
    }

    expect(got).toEqual({ flooder: 22, owner: 2 })
  })

  test('tells a client that had its mail above the ten when it can have another', async () => {
    const authd = await start(database)
    const client = another(authd)
    await ask(authd, ADA, 10)
    authd.clock.advance(10 * MINUTE)
    const own = await askAgain(authd, client)
    authd.clock.advance(20 * MINUTE)

    const again = await client.post('/v1/signin', { json: { email: ADA } })
    const other = await ask(authd, ADA)

    expect([own, again.status, other]).toEqual([201, 429, [201]])
    // The hour of the mailbox ends before that of the client.
    expect(again.headers.get('Retry-After')).toBe(String(30 * 60))
  })

  test('does not save up the mails between', async () => {
    const authd = await start(database)
    await ask(authd, NOBODY, 10)
    authd.clock.advance(35 * MINUTE)

    expect(await ask(authd, NOBODY, 3)).toEqual([201, 429, 429])
  })

  test('is told when the next mail may be requested, with the same words for known and unknown addresses', async () => {
    const authd = await start(database, { signup: { policy: 'closed' } })
    await authd.deps.db.write((trx) =>
      trx.run("INSERT INTO users (id, email, email_typed, created_at) VALUES ('usr_1', ?, ?, 1)", [ADA, ADA]),
    )
    await ask(authd, ADA, 10)
    await ask(authd, NOBODY, 10)
    authd.clock.advance(4 * MINUTE)

    const known = await authd.browser().post('/v1/signin', { json: { email: ADA } })
    const unknown = await authd.browser().post('/v1/signin', { json: { email: NOBODY } })
    const { request_id: _, ...said } = known.body
    const { request_id: __, ...alike } = unknown.body

    expect(said).toEqual(alike)
    expect(said.message).toBe('Too many sign-in mails for this address. Try again in 6 minutes.')
    expect(said.details).toEqual({ violated_policies: ['email'] })
    expect([known.headers.get('Retry-After'), unknown.headers.get('Retry-After')]).toEqual(['360', '360'])
  })

  test('gets exactly ten mails, and then one, from two instances that race', async () => {
    const authd = await start(database)
    const other = await authd.another()
    const race = () =>
      Promise.all(Array.from({ length: 16 }, (_, at) => ask(at % 2 ? authd : other, NOBODY).then(([status]) => status)))

    const first = await race()
    authd.clock.advance(10 * MINUTE)
    const second = await race()

    expect(first.filter((status) => status === 201)).toHaveLength(10)
    expect(second.filter((status) => status === 201)).toHaveLength(1)
  })

  test('gives its owner ten mails on a known device, whatever strangers request', async () => {
    const authd = await start(database)
    const browser = await knownBrowser(authd)
    await ask(authd, ADA, 12)
    await authd.takeMail()

    const own: number[] = []
    for (let at = 0; at < 11; at += 1) own.push(await askAgain(authd, browser))
    const mails = await authd.takeMail()

    expect(own).toEqual([...OK(10), 429])
    expect(mails.map(({ to }) => to)).toEqual(Array(10).fill(ADA))
  })

  test('counts the mails of a known device for that device alone', async () => {
    const authd = await start(database)
    const browser = await knownBrowser(authd)
    for (let at = 0; at < 10; at += 1) await askAgain(authd, browser)

    expect(await ask(authd, ADA, 11)).toEqual([...OK(10), 429])
  })

  test('does not take a device of another user for a known one', async () => {
    const authd = await start(database)
    const stranger = await knownBrowser(authd, 'eve@example.com')
    await ask(authd, ADA, 10)

    expect(await askAgain(authd, stranger)).toBe(429)
  })

  test('is one for all tags and, at Gmail, for all dots', async () => {
    const authd = await start(database)
    const spelt = Array.from({ length: 5 }, (_, at) => [`victim+${at}@gmail.com`, `v.i.ctim+x${at}@googlemail.com`])

    const statuses: number[] = []
    for (const email of spelt.flat()) statuses.push(...(await ask(authd, email)))
    const over = await ask(authd, 'vic.tim@gmail.com')
    const mails = await authd.takeMail()
    const users = new Set(mails.map(({ to }) => to))

    expect([...statuses, ...over]).toEqual([...OK(10), 429])
    // Addresses stay as they are. Only their count is common.
    expect(users.size).toBe(10)
  })

  test('is reset by any of its spellings, with what its devices have used', async () => {
    const authd = await start(database)
    const browser = await knownBrowser(authd)
    for (let at = 0; at < 11; at += 1) await askAgain(authd, browser)
    await ask(authd, ADA, 11)

    const { rows: listed } = await listLimits(authd.deps, { key: 'Ada+work@example.com', limit: 10 })
    await resetLimits(authd.deps, SYSTEM, 'Ada+work@example.com')

    expect(listed.map(({ policy }) => policy).sort()).toEqual(['email', 'email_device', 'email_more'])
    expect(await ask(authd, ADA, 11)).toEqual([...OK(10), 429])
    expect(await askAgain(authd, browser)).toBe(201)
  })
})

describe.each(DATABASES)('strangers who request mails without end (%s)', (database) => {
  test('hold back no mail that a session requests to step up, on a browser that is not known', async () => {
    const authd = await start(database)
    const { accessToken: bearer } = await signInForTokens(authd)
    const stepUp = async () => (await another(authd).post('/v1/stepup/email', { bearer })).status
    authd.clock.advance(MINUTE)
    await ask(authd, ADA, 12)

    const statuses: number[] = []
    for (let at = 0; at < 11; at += 1) {
      statuses.push(await stepUp())
      authd.clock.advance(30 * SECOND)
    }

    expect(statuses).toEqual([...Array(10).fill(202), 429])
  })

  test('hold back no mail that the link to the former address requests, on any browser', async () => {
    const authd = await start(database)
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    await authd.takeMail()
    await thief.post('/v1/me/email', { json: { email: 'thief@evil.example' } })
    const code = (await authd.takeProofMail())?.values['code']
    await thief.post('/v1/me/email/confirm', { json: { code } })
    const mails = await authd.takeMail()
    const link = mails.find(({ template }) => template === 'email_changed')?.values['link'] ?? ''
    const token = new URL(link).searchParams.get('token') ?? ''
    await ask(authd, ADA, 12)
    await authd.takeMail()

    const asked = await another(authd).post('/restore-email', { form: { token } })

    expect(asked.status).toBe(200)
    expect((await authd.takeMail()).map(({ template, to }) => [template, to])).toEqual([['email_restore', ADA]])
  })

  test('are not helped by changes of address: their mails count for the new mailbox', async () => {
    const authd = await start(database)
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await ask(authd, NOBODY, 10)

    expect((await browser.post('/v1/me/email', { json: { email: NOBODY } })).status).toBe(429)
  })
})

test('the event of a full mailbox names the address that was asked for, once an hour', async () => {
  const authd = await start('sqlite')
  await ask(authd, 'vic.tim+1@gmail.com', 13)
  authd.clock.advance(10 * MINUTE)
  await ask(authd, 'vic.tim+1@gmail.com', 3)

  const events = (await authd.auditLog()).filter(({ eventType }) => eventType === 'rate_limit.exceeded')

  expect(events).toMatchObject([{ email: 'vic.tim+1@gmail.com', metadata: { policy: 'email', limit: 10 } }])
})

test('a request that queues no mail leaves the mail of these 10 minutes to the next one', async () => {
  const authd = await start('sqlite')
  const browser = await knownBrowser(authd)
  for (let at = 0; at < 9; at += 1) await askAgain(authd, browser)
  await ask(authd, ADA, 10)
  authd.clock.advance(10 * MINUTE - SECOND)
  const last = await askAgain(authd, browser)
  authd.clock.advance(SECOND)

  const unmailed = await ask(authd, ADA, 1, browser)
  const strangers = await ask(authd, ADA, 2)

  expect([last, unmailed, strangers]).toEqual([201, [201], [201, 429]])
})

test.each([
  ['ada@example.com', 'ada@example.com'],
  ['ada+shop@example.com', 'ada@example.com'],
  ['ada+a+b@example.com', 'ada@example.com'],
  ['+ada@example.com', '+ada@example.com'],
  ['a.da@example.com', 'a.da@example.com'],
  ['a.d.a+x.y@gmail.com', 'ada@gmail.com'],
  ['a.da@googlemail.com', 'ada@gmail.com'],
  ['a.da@mail.gmail.com', 'a.da@mail.gmail.com'],
  ['a.d-a_x+y@protonmail.com', 'adax@proton.me'],
  ['adax@pm.me', 'adax@proton.me'],
  ['_@proton.me', '_@proton.me'],
  ['a.da@me.com', 'a.da@icloud.com'],
  ['a.da@mac.com', 'a.da@icloud.com'],
  ['a-da@gmail.com', 'a-da@gmail.com'],
  ['a.da+x@ya.ru', 'a-da@yandex.ru'],
  ['a-da@yandex.com', 'a-da@yandex.ru'],
  ['a_da@yandex.kz', 'a_da@yandex.ru'],
])('the mails to %s count for %s', (address, mailbox) => {
  expect(mailboxOf(address)).toBe(mailbox)
})

test('unlocking a user resets the mails of the mailbox, however it is written, and records it', async () => {
  const authd = await startAuthd({ config: { limits: { mails_per_hour: 3 } } })
  await signInForTokens(authd, 'ada+news@example.com')
  await askForCode(authd, 'ada@example.com')

  const [first] = await unlockUsers(authd.deps, SYSTEM, ['ada+news@example.com'])
  const [again] = await unlockUsers(authd.deps, SYSTEM, ['ada+news@example.com'])

  expect(first?.cleared).toEqual([{ kind: 'mail_limit', failures: 2, blockedUntil: null }])
  expect(again?.cleared).toEqual([])
  const events = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.unlocked')
  expect(events.map(({ metadata }) => metadata['lifted'])).toEqual([['mail_limit 2']])
})
