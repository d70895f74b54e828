import { describe, expect, test } from 'vitest'
import { flushTally } from '../../src/flows/limits/rate-limit.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { HashesBusy } from '../../src/platform/slow-hash.ts'
import { findFailureCount, setFailureCount } from '../../src/store/failed-attempts.ts'
import { replaceRecoveryCodes } from '../../src/store/recovery-codes.ts'
import { lockUser } from '../../src/store/users.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { askForCode, signInOnPage } from '../support/people.ts'

const SHORT_CODE = '7K2M-9QXC-01ZT'

/** A user whose recovery codes are of an earlier version, with 60 bits. Returns how many slow hashes have run. */
async function withShortCodes(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { secret } = await enrolTotp(authd, browser)
  await authd.takeMail()
  const userId = (await browser.get('/v1/me')).body.id
  const { slowHash, random, clock } = authd.deps
  const codeHash = await slowHash(SHORT_CODE.replaceAll('-', ''), 'salt')
  const row = { id: random.id('rc'), salt: 'salt', codeHash, createdAt: clock.now() }
  await authd.deps.db.write(async (trx) => {
    await lockUser(trx, userId)
    await replaceRecoveryCodes(trx, userId, [row])
  })
  const hashes: string[] = []
  authd.deps.slowHash = async (code, salt) => {
    hashes.push(code)
    return await slowHash(code, salt)
  }
  return { browser, secret, userId, hashes, key: { kind: 'recovery_code', subject: userId } }
}

async function reachFactor(authd: Authd) {
  const { attemptToken: attempt_token, code } = await askForCode(authd)
  await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })
  return (typed: string) => authd.browser().post('/v1/signin/recovery-code', { json: { code: typed, attempt_token } })
}

describe.each(['sqlite', 'postgres'] as const)('recovery codes on %s', (database) => {
  test('a code of an earlier version signs in once, with one slow hash', async () => {
    const authd = await startAuthd({ database })
    const { hashes } = await withShortCodes(authd)

    const once = await (await reachFactor(authd))(` ${SHORT_CODE.toLowerCase()} `)
    const again = await (await reachFactor(authd))(SHORT_CODE)

    expect([once.status, again.status]).toEqual([200, 401])
    expect(hashes).toEqual(['7K2M9QXC01ZT'])
  })

  test('a code of an earlier version steps a session up, and new codes replace it', async () => {
    const authd = await startAuthd({ database })
    const { browser, hashes } = await withShortCodes(authd)
    authd.clock.advance(6 * MINUTE)

    const stale = await browser.post('/v1/me/recovery-codes')
    const steppedUp = await browser.post('/v1/stepup/recovery-code', { json: { code: SHORT_CODE } })
    const made = await browser.post('/v1/me/recovery-codes')
    const used = await (await reachFactor(authd))(made.body.codes[9])

    expect([stale.status, steppedUp.status, made.status, used.status]).toEqual([403, 200, 200, 200])
    expect(
      made.body.codes.every((code: string) => /^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/.test(code)),
    ).toBe(true)
    expect(new Set(made.body.codes).size).toBe(10)
    expect(hashes).toEqual(['7K2M9QXC01ZT'])
  })
})

test('SECURITY: nothing slow is computed for a stale session, and for making codes at all', async () => {
  const authd = await startAuthd()
  const { browser, secret, hashes } = await withShortCodes(authd)
  authd.clock.advance(6 * MINUTE)

  const replies = await Promise.all([
    browser.post('/v1/me/recovery-codes'),
    browser.post('/v1/me/totp/confirm', { json: { code: totpCode(authd, secret) } }),
    browser.post('/account/recovery-codes', { form: {} }),
    browser.post('/account/totp', { form: { code: totpCode(authd, secret) } }),
  ])

  expect(replies.slice(0, 2).map(({ status }) => status)).toEqual([403, 403])
  expect(hashes).toEqual([])
})

test.each([
  ['has no first proof', async (authd: Authd) => (await askForCode(authd)).attemptToken],
  ['is made up', async () => 'att_00000000000000000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
])('SECURITY: no slow hash is computed for an attempt that %s', async (_, begin) => {
  const authd = await startAuthd()
  const { hashes } = await withShortCodes(authd)
  const attempt_token = await begin(authd)

  const reply = await authd.browser().post('/v1/signin/recovery-code', { json: { code: SHORT_CODE, attempt_token } })

  expect(reply.status).toBe(401)
  expect(hashes).toEqual([])
})

test('SECURITY: no slow hash is computed after the attempt has ended', async () => {
  const authd = await startAuthd()
  const { hashes } = await withShortCodes(authd)
  const type = await reachFactor(authd)
  authd.clock.advance(30 * MINUTE)

  expect((await type(SHORT_CODE)).status).toBe(401)
  expect(hashes).toEqual([])
})

test.each([
  ['is locked', 9, MINUTE, 429],
  ['is disabled', 100, null, 403],
])('SECURITY: no slow hash is computed while the factor %s', async (_, failures, waitMs, status) => {
  const authd = await startAuthd()
  const { hashes, key } = await withShortCodes(authd)
  const blockedUntil = waitMs === null ? null : authd.clock.now() + waitMs
  const type = await reachFactor(authd)
  await authd.deps.db.write((trx) => setFailureCount(trx, key, { failures, blockedUntil }))

  expect((await type(SHORT_CODE)).status).toBe(status)
  expect(hashes).toEqual([])
})

test('a text that cannot be a code is a wrong code, without a slow hash', async () => {
  const authd = await startAuthd()
  const { hashes, key } = await withShortCodes(authd)
  const type = await reachFactor(authd)

  const reply = await type('7K2M-9QXC')

  expect(reply.status).toBe(401)
  expect(hashes).toEqual([])
  expect((await authd.deps.db.read((sql) => findFailureCount(sql, key)))?.failures).toBe(1)
})

test('beyond the slow hashes that a process computes at once, the answer is 503 and no wrong code', async () => {
  const config = { limits: { requests_per_minute: 1000, guesses_per_hour: 3, mails_per_hour: 1000 } }
  const authd = await startAuthd({ config })
  const { key } = await withShortCodes(authd)
  const type = await reachFactor(authd)
  const { slowHash } = authd.deps
  const busy = async () => {
    throw new HashesBusy('busy')
  }

  authd.deps.slowHash = busy
  const tryOnce = async () => {
    const reply = await type(SHORT_CODE)
    await flushTally(authd.deps)
    return reply
  }
  const replies = [await tryOnce(), await tryOnce(), await tryOnce(), await tryOnce()]
  authd.deps.slowHash = slowHash
  const failures = await authd.deps.db.read((sql) => findFailureCount(sql, key))
  const later = await type(SHORT_CODE)

  expect(replies.map(({ status }) => status)).toEqual([503, 503, 503, 503])
  expect(replies[0]?.body.code).toBe('UNAVAILABLE')
  expect(replies[0]?.headers.get('Retry-After')).toBe('1')
  expect(failures).toBeUndefined()
  expect(later.status).toBe(200)
})
