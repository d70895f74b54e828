import { describe, expect, test } from 'vitest'
import { unlockUsers } from '../../src/flows/policy/lockout-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { setFailureCount } from '../../src/store/failed-attempts.ts'
import { deviceFor, enrolPasskey, enrolTotp, signInWithPasskey, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import { ADA, askForCode, signInOnPage } from '../support/people.ts'

const STEP = 30 * SECOND

async function withTotp(authd: Authd): Promise<{ browser: Browser; secret: string; recoveryCodes: string[] }> {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const enrolled = await enrolTotp(authd, browser)
  await authd.takeMail()
  authd.clock.advance(STEP)
  return { browser, ...enrolled }
}

/** Begins a sign-in and proves the mail. Returns a function that enters a second factor's code. */
async function reachFactor(authd: Authd): Promise<(code: string, kind?: string) => Promise<Reply>> {
  const { attemptToken: attempt_token, code: mailed } = await askForCode(authd)
  const first = await authd.browser().post('/v1/signin/code', { json: { code: mailed, attempt_token } })
  expect(first.body.status).toBe('factor_required')
  return (code, kind = 'totp') => authd.browser().post(`/v1/signin/${kind}`, { json: { code, attempt_token } })
}

/** A code that is wrong at any nearby time. */
function wrongCode(authd: Authd, secret: string): string {
  const near = [-2, -1, 0, 1, 2].map((steps) => totpCode(authd, secret, steps))
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code)) ?? ''
}

async function eventsOf(authd: Authd, type: string) {
  return (await authd.auditLog()).filter(({ eventType }) => eventType === type)
}

describe.each(['sqlite', 'postgres'] as const)('TOTP on %s', (database) => {
  test('of thirty concurrent uses of one code by three attempts, one attempt signs in, to one session', async () => {
    const authd = await startAuthd({ database })
    const { secret } = await withTotp(authd)
    const tries = [await reachFactor(authd), await reachFactor(authd), await reachFactor(authd)]
    const code = totpCode(authd, secret)

    const replies = await Promise.all(Array.from({ length: 30 }, (_, at) => tries[at % 3]?.(code)))
    const sessions = replies.map((reply) => reply?.body.session?.id)
    expect(new Set(sessions.filter((id) => id !== undefined)).size).toBe(1)
    expect(sessions.filter((id) => id === undefined)).toHaveLength(20)
  })

  test('concurrent guesses are compared only up to the limit', async () => {
    const authd = await startAuthd({ database })
    const { secret } = await withTotp(authd)
    const tries = [await reachFactor(authd), await reachFactor(authd), await reachFactor(authd)]
    const wrong = wrongCode(authd, secret)

    const replies = await Promise.all(Array.from({ length: 60 }, (_, at) => tries[at % 3]?.(wrong)))
    const statuses = replies.map((reply) => reply?.status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(55)
    expect(await eventsOf(authd, 'totp.failed')).toHaveLength(5)
    expect(await tries[0]?.(totpCode(authd, secret))).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } })
  })
})

describe('a code', () => {
  test('of the current, previous or next step is accepted, older and newer ones are not', async () => {
    const authd = await startAuthd()
    const { secret } = await withTotp(authd)
    const answered: number[] = []
    for (const steps of [-2, -1, 0, 1, 2]) {
      authd.clock.advance(4 * STEP)
      answered.push((await (await reachFactor(authd))(totpCode(authd, secret, steps))).status)
    }
    expect(answered).toEqual([401, 200, 200, 200, 401])
  })

  test('of the next step is accepted once, also by an instance whose clock is behind', async () => {
    const authd = await startAuthd()
    const { secret } = await withTotp(authd)
    authd.clock.advance(3 * STEP)
    const code = totpCode(authd, secret, 1)
    expect((await (await reachFactor(authd))(code)).status).toBe(200)
    const again = await reachFactor(authd)

    authd.clock.advance(-STEP)

    expect((await again(code)).status).toBe(401)
  })

  test('of the previous step is accepted once after that of the next one', async () => {
    const authd = await startAuthd()
    const { secret } = await withTotp(authd)
    authd.clock.advance(3 * STEP)
    const answered: number[] = []
    for (const steps of [1, -1, -1, 1, 0, 0]) {
      answered.push((await (await reachFactor(authd))(totpCode(authd, secret, steps))).status)
    }
    expect(answered).toEqual([200, 200, 401, 401, 200, 401])
  })

  test('that is not six digits is rejected without a server error', async () => {
    const authd = await startAuthd()
    await withTotp(authd)
    for (const code of ['', '12345', '1234567', '12345a', '１２３４５６', ' '.repeat(6)]) {
      authd.clock.advance(15 * MINUTE)
      expect([400, 401]).toContain((await (await reachFactor(authd))(code)).status)
    }
  })
})

async function warnings(authd: Authd): Promise<number> {
  const sql = "SELECT count(*) AS n FROM outbox WHERE template = 'factor_locked'"
  return Number((await authd.deps.db.read((reader) => reader.one<{ n: number }>(sql)))?.n)
}

describe('wrong codes', () => {
  test('delay the next try by 30 s, then twice as long, up to 15 minutes; a right one resets it', async () => {
    const authd = await startAuthd()
    const { secret } = await withTotp(authd)
    const waits: number[] = []
    for (let failures = 1; failures <= 12; failures += 1) {
      const type = await reachFactor(authd)
      expect((await type(wrongCode(authd, secret))).status).toBe(401)
      const locked = failures < 5 ? undefined : await type(totpCode(authd, secret))
      if (!locked) continue
      expect(locked.body).toMatchObject({ code: 'RATE_LIMITED' })
      waits.push(Number(locked.headers.get('Retry-After')))
      authd.clock.advance((waits.at(-1) ?? 0) * SECOND)
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900])
    expect(await warnings(authd)).toBe(1)
    expect((await (await reachFactor(authd))(totpCode(authd, secret))).status).toBe(200)

    authd.clock.advance(STEP)
    const type = await reachFactor(authd)
    for (let failures = 1; failures <= 4; failures += 1) await type(wrongCode(authd, secret))
    expect((await type(totpCode(authd, secret))).status).toBe(200)
  })

  test('disable the app at 100 in a row; another factor signs in, and an operator unlocks it', async () => {
    const authd = await startAuthd()
    const { secret, recoveryCodes } = await withTotp(authd)
    const [{ user_id: subject } = { user_id: '' }] = await authd.deps.db.read((sql) =>
      sql.all<{ user_id: string }>('SELECT user_id FROM totp_secrets'),
    )
    await authd.deps.db.write((trx) =>
      setFailureCount(trx, { kind: 'totp', subject }, { failures: 96, blockedUntil: null }),
    )
    for (let failures = 97; failures <= 100; failures += 1) {
      await (await reachFactor(authd))(wrongCode(authd, secret))
      authd.clock.advance(15 * MINUTE)
    }
    const type = await reachFactor(authd)
    expect(await type(totpCode(authd, secret))).toMatchObject({ status: 403, body: { code: 'FACTOR_DISABLED' } })
    expect((await eventsOf(authd, 'totp.failed')).map(({ metadata }) => metadata)).toEqual(
      [97, 98, 99, 100].map((failures) => ({ failures })),
    )
    const [last] = (await eventsOf(authd, 'user.locked')).toReversed()
    expect(last?.metadata).toEqual({ factor: 'totp', failures: 100, disabled: true })
    expect(await warnings(authd)).toBe(1)
    expect((await type(recoveryCodes[0] ?? '', 'recovery-code')).body.status).toBe('complete')

    await unlockUsers(authd.deps, SYSTEM, [ADA])
    expect((await (await reachFactor(authd))(totpCode(authd, secret))).status).toBe(200)
  })

  test('affect neither the current session nor a passkey', async () => {
    const authd = await startAuthd()
    const { browser, secret } = await withTotp(authd)
    const device = deviceFor(authd)
    expect((await enrolPasskey(browser, device)).status).toBe(201)
    const type = await reachFactor(authd)
    for (let failures = 1; failures <= 6; failures += 1) await type(wrongCode(authd, secret))

    expect((await signInWithPasskey(authd.browser(), device)).body.status).toBe('complete')
    expect((await browser.get('/v1/session')).status).toBe(200)
  })

  test('are impossible before the first proof, so that others cannot lock a user out', async () => {
    const authd = await startAuthd()
    const { secret } = await withTotp(authd)
    for (let failures = 1; failures <= 20; failures += 1) {
      const { body } = await authd.browser().post('/v1/signin', { json: { email: ADA } })
      const json = { code: wrongCode(authd, secret), attempt_token: body.attempt_token }
      expect((await authd.browser().post('/v1/signin/totp', { json })).status).toBe(401)
      authd.clock.advance(MINUTE)
    }
    expect((await (await reachFactor(authd))(totpCode(authd, secret))).status).toBe(200)
  })
})

describe('setting up an authenticator app', () => {
  test('takes effect only with a right code, and a newer secret replaces the earlier one', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const first = (await browser.post('/v1/me/totp')).body.secret
    const second = (await browser.post('/v1/me/totp')).body.secret
    const confirm = (code: string) => browser.post('/v1/me/totp/confirm', { json: { code } })
    const isSetUp = async () => !JSON.stringify((await browser.get('/v1/me/export')).body).includes('"totp_since":null')

    expect((await confirm(totpCode(authd, first))).status).toBe(401)
    expect(await isSetUp()).toBe(false)
    expect((await confirm(totpCode(authd, second))).status).toBe(200)
    expect(await isSetUp()).toBe(true)
    expect((await confirm(totpCode(authd, second))).status).toBe(401)
  })

  test('expires after ten minutes', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    authd.clock.advance(4 * MINUTE)
    const { secret } = (await browser.post('/v1/me/totp')).body
    authd.clock.advance(10 * MINUTE)

    const reply = await browser.post('/v1/me/totp/confirm', { json: { code: totpCode(authd, secret) } })
    expect([401, 403]).toContain(reply.status)
  })
})

test('the URI for the app has SHA1, six digits, 30 s, 160 bits, and the issuer twice', async () => {
  const authd = await startAuthd({ config: { app: { name: 'Example: Shop' } } })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { secret, uri } = (await browser.post('/v1/me/totp')).body
  const url = new URL(uri)

  expect(secret).toMatch(/^[A-Z2-7]{32}$/)
  expect(url.protocol).toBe('otpauth:')
  expect(decodeURIComponent(url.pathname)).toMatch(/Example {2}Shop:ada@example\.com$/)
  expect(url.searchParams.get('issuer')).toBe('Example  Shop')
  expect(url.searchParams.get('secret')).toBe(secret)
  expect(url.searchParams.get('algorithm') ?? 'SHA1').toBe('SHA1')
  expect(url.searchParams.get('digits') ?? '6').toBe('6')
  expect(url.searchParams.get('period') ?? '30').toBe('30')
})

test('the last six digits of the codes in RFC 6238 sign in at their times', async () => {
  const authd = await startAuthd({ now: 0 })
  const { browser } = await withTotp(authd)
  const { id: rowId } = (await browser.get('/v1/me')).body
  // The RFC's secret replaces the user's own.
  const place = { table: 'totp_secrets', column: 'secret_sealed', rowId }
  const sealed = authd.deps.keys.seal(place, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  await authd.deps.db.write((trx) => trx.run("UPDATE totp_secrets SET secret_sealed = ?, spent_steps = '[]'", [sealed]))
  const CODES: [number, string][] = [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ]
  for (const [seconds, code] of CODES) {
    authd.clock.set(seconds * SECOND)
    expect([seconds, (await (await reachFactor(authd))(code)).status]).toEqual([seconds, 200])
  }
})

describe('the stored secrets', () => {
  test('of the app and the recovery codes are useless to a reader of the database', async () => {
    const authd = await startAuthd()
    const { secret, recoveryCodes } = await withTotp(authd)
    await authd.deps.db.read(async (sql) => {
      const kept = JSON.stringify(await sql.all('SELECT * FROM totp_secrets, recovery_codes'))
      expect(kept).not.toContain(secret)
      for (const code of recoveryCodes) {
        expect(kept).not.toContain(code)
        expect(kept).not.toContain(code.replaceAll('-', ''))
      }
      expect(await sql.all('SELECT * FROM recovery_codes')).toHaveLength(10)
    })
    expect(JSON.stringify(authd.log.lines)).not.toContain(secret)
  })

  test('new recovery codes replace the old ones, and the use of one is notified', async () => {
    const authd = await startAuthd()
    const { browser, recoveryCodes } = await withTotp(authd)
    const remade = (await browser.post('/v1/me/recovery-codes')).body.codes
    expect((await (await reachFactor(authd))(recoveryCodes[0] ?? '', 'recovery-code')).status).toBe(401)

    const type = await reachFactor(authd)
    const replies = await Promise.all(Array.from({ length: 8 }, () => type(remade[0], 'recovery-code')))
    expect(new Set(replies.map(({ body }) => body.session?.id)).size).toBe(1)
    expect((await authd.takeMail()).filter(({ template }) => template === 'recovery_code_used')).toMatchObject([
      { values: { codes_left: '9' } },
    ])
  })
})
