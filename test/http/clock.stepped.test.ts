import { describe, expect, test } from 'vitest'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { seldom } from '../../src/flows/limits/hourly-record.ts'
import { isSuppressed, listSuppressed, noteRefusal } from '../../src/flows/outbox/suppression.ts'
import { queueWebhooks } from '../../src/flows/outbox/webhook-delivery.ts'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { listLockouts } from '../../src/flows/policy/lockout-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { rotateKeys } from '../../src/flows/sessions/key-rotation.ts'
import { listKeys } from '../../src/flows/sessions/signing-key.ts'
import { noteClockStep } from '../../src/flows/upkeep/clock-step.ts'
import { deleteOldRows } from '../../src/flows/upkeep/housekeeping.ts'
import { announceNode, listNodes } from '../../src/flows/upkeep/node.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { CLOCK_SKEW_MS, DAY, HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { insertEmailChange, restoreEmailChange } from '../../src/store/email-changes.ts'
import { findSession } from '../../src/store/sessions.ts'
import { insertUser } from '../../src/store/users.ts'
import { claimWebhookEndpoint } from '../../src/store/webhook-endpoints.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'
import { answering, typesOf, webhookReceiver } from '../support/webhook-receiver.ts'

const refresh = (authd: Authd, refreshToken: string) =>
  authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })

const cookieSession = (browser: ReturnType<Authd['browser']>) => browser.get('/v1/session')

/** The clock was a day ahead, and is put right. authd notices. */
async function putRight(authd: Authd, byMs = DAY): Promise<void> {
  authd.clock.advance(-byMs)
  await noteClockStep(authd.deps, -byMs)
}

describe('one instance of several, whose clock', () => {
  /** Its clock moves, and that of the database does not. */
  async function withWrongClock(byMs: number) {
    const authd = await startAuthd({ database: 'postgres' })
    const right = authd.clock.now()
    const { sessionId } = await signInForTokens(authd)
    const findIt = () => authd.deps.db.read((sql) => findSession(sql, sessionId))
    const before = await findIt()
    authd.deps.db.time = async () => right
    authd.clock.advance(byMs)
    return { authd, before, findIt, putClockRight: () => authd.clock.set(right) }
  }

  test('is set back by mistake dates nothing of the others, and warns', async () => {
    const { authd, before, findIt } = await withWrongClock(-DAY)

    await noteClockStep(authd.deps, -DAY)

    expect(await findIt()).toEqual(before)
    expect(authd.log.lines).toContainEqual(
      expect.objectContaining({
        message: 'the clock differs from that of the database',
        fields: { ahead_seconds: -86_400 },
      }),
    )
  })

  test('is months ahead deletes nothing of the others', async () => {
    const { authd, before, findIt } = await withWrongClock(90 * DAY)

    await deleteOldRows(authd.deps)

    expect(await findIt()).toEqual(before)
  })

  test('is days ahead drops no event and no delivery of a webhook', async () => {
    const { authd, putClockRight } = await withWrongClock(0)
    const receiver = await webhookReceiver()
    const endpoint = { url: receiver.url, description: '', events: ['session.created' as const], allowsPrivate: true }
    authd.clock.advance(SECOND)
    await addWebhook(authd.deps, SYSTEM, endpoint)
    await signInForTokens(authd)
    await sealAudit(authd.deps)
    await queueWebhooks(authd.deps)
    await signInForTokens(authd)
    authd.clock.advance(5 * DAY)

    await authd.sendWebhooks()
    const late = receiver.received.length
    putClockRight()
    authd.clock.advance(2 * SECOND)
    await authd.sendWebhooks()

    expect([late, typesOf(receiver)]).toEqual([0, ['session.created', 'session.created']])
  })

  test('is ahead leaves a waiting mail to the others', async () => {
    const { authd, putClockRight } = await withWrongClock(0)
    await authd.browser().post('/v1/signin', { json: { email: ADA } })
    authd.clock.advance(HOUR)

    const late = await authd.takeMail()
    putClockRight()
    const sent = await authd.takeMail()

    expect(late).toEqual([])
    expect(sent.map(({ template }) => template)).toEqual(['signin'])
  })
})

test.each(['sqlite', 'postgres'] as const)(
  'the code that was mailed last counts, also if the instance that mailed it has a clock that is behind (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    authd.clock.advance(20 * SECOND)
    await browser.post('/v1/me/email', { json: { email: 'first@example.com' } })
    await authd.takeMail()
    authd.clock.advance(-10 * SECOND)
    await browser.post('/v1/me/email', { json: { email: 'second@example.com' } })
    const code = (await authd.takeProofMail())?.values['code']

    const changed = await browser.post('/v1/me/email/confirm', { json: { code } })
    const me = await browser.get('/v1/me')

    expect([changed.status, me.body.email]).toEqual([200, 'second@example.com'])
  },
)

describe.each(['sqlite', 'postgres'] as const)('after a clock that was a day ahead is put right, on %s', (database) => {
  test.each([
    ['a day', DAY],
    ['a minute', MINUTE],
  ])(
    'SECURITY: a refresh token that was spent %s ahead buys nothing, ends nothing, and is a theft after the next',
    async (_, aheadMs) => {
      const authd = await startAuthd({ database })
      const { refreshToken } = await signInForTokens(authd)
      authd.clock.advance(aheadMs)
      const next = await refresh(authd, refreshToken)
      await authd.browser().get('/v1/session', { bearer: next.body.access_token })
      authd.clock.advance(-aheadMs)

      const replays = [await refresh(authd, refreshToken)]
      authd.clock.advance(aheadMs)
      replays.push(await refresh(authd, refreshToken))
      const owner = await refresh(authd, next.body.refresh_token)
      authd.clock.advance(11 * SECOND)
      replays.push(await refresh(authd, refreshToken))
      const after = await refresh(authd, owner.body.refresh_token)

      expect(replays.map(({ status }) => status)).toEqual([401, 401, 401])
      expect([next.status, owner.status, after.status]).toEqual([200, 200, 401])
    },
  )

  test('SECURITY: a token that two tabs refreshed is not a theft, also once authd has used the session again', async () => {
    const authd = await startAuthd({ database })
    const { refreshToken } = await signInForTokens(authd)
    const first = await refresh(authd, refreshToken)
    await authd.browser().get('/v1/session', { bearer: first.body.access_token })
    const second = await refresh(authd, first.body.refresh_token)
    await authd.browser().get('/v1/session', { bearer: second.body.access_token })
    authd.clock.advance(-MINUTE)
    await authd.browser().get('/v1/session', { bearer: second.body.access_token })

    const tabs = [await refresh(authd, first.body.refresh_token), await refresh(authd, refreshToken)]
    const owner = await refresh(authd, second.body.refresh_token)

    expect(tabs.map(({ status }) => status)).toEqual([401, 401])
    expect(owner.status).toBe(200)
    const alarms = (await authd.auditLog()).filter(({ eventType }) => eventType === 'session.reuse_detected')
    expect(alarms).toEqual([])
  })

  test('SECURITY: without a grace period, the order alone says that a token was stolen', async () => {
    const authd = await startAuthd({ database, config: { session: { refresh_grace: '0' } } })
    const { refreshToken } = await signInForTokens(authd)
    const next = await refresh(authd, refreshToken)
    await authd.browser().get('/v1/session', { bearer: next.body.access_token })
    authd.clock.advance(-MINUTE)

    const replay = await refresh(authd, refreshToken)
    const owner = await refresh(authd, next.body.refresh_token)

    expect([replay.status, owner.status]).toEqual([401, 401])
  })

  test('SECURITY: a token of three refreshes ago is a theft, whatever the clock says', async () => {
    const authd = await startAuthd({ database })
    const { refreshToken } = await signInForTokens(authd)
    const second = await refresh(authd, refreshToken)
    const third = await refresh(authd, second.body.refresh_token)
    const fourth = await refresh(authd, third.body.refresh_token)
    authd.clock.advance(-MINUTE)

    const replay = await refresh(authd, refreshToken)
    const owner = await refresh(authd, fourth.body.refresh_token)

    expect([replay.status, owner.status]).toEqual([401, 401])
  })

  test('a right code of the authenticator app is accepted, once', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    authd.clock.advance(DAY)
    await signInOnPage(authd, browser)
    const { secret } = await enrolTotp(authd, browser)
    await authd.takeMail()
    authd.clock.advance(-DAY)
    const codes = [totpCode(authd, secret), totpCode(authd, secret)]
    const answers: number[] = []

    for (const code of codes) {
      const { attemptToken: attempt_token, code: mailed } = await askForCode(authd)
      await authd.browser().post('/v1/signin/code', { json: { code: mailed, attempt_token } })
      const answer = await authd.browser().post('/v1/signin/totp', { json: { code, attempt_token } })
      answers.push(answer.status)
      authd.clock.advance(SECOND)
    }

    expect(answers).toEqual([200, 401])
  })

  test('SECURITY: each step of the authenticator app is accepted once, wherever the clock goes', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { secret } = await enrolTotp(authd, browser)
    await authd.takeMail()
    const start = authd.clock.now()
    // Steps of 30 seconds from the one that confirmed the app.
    const places = [2, 4, 2882, 4, 2882, 2, 3, 0, -2880, -2880, 2882, 5]
    const answers: number[] = []

    for (const place of places) {
      authd.clock.set(start + place * 30 * SECOND)
      const { attemptToken: attempt_token, code: mailed } = await askForCode(authd)
      await authd.browser().post('/v1/signin/code', { json: { code: mailed, attempt_token } })
      const json = { code: totpCode(authd, secret), attempt_token }
      answers.push((await authd.browser().post('/v1/signin/totp', { json })).status)
    }

    expect(answers).toEqual([200, 200, 200, 401, 401, 401, 200, 401, 200, 401, 401, 200])
  })

  test('a factor is locked for no longer than its wrong codes caused', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { secret } = await enrolTotp(authd, browser)
    authd.clock.advance(DAY)
    const guess = () => browser.post('/v1/stepup/totp', { json: { code: '000001' } })
    for (let tries = 0; tries < 5; tries += 1) await browser.post('/v1/stepup/totp', { json: { code: '000000' } })
    const locked = await guess()
    authd.clock.advance(-DAY + MINUTE)

    const right = await browser.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })

    expect(locked.status).toBe(429)
    expect(right.status).toBe(200)
    expect(await listLockouts(authd.deps)).toEqual([])
  })

  test('nobody is rate limited for longer than a window', async () => {
    const limits = { requests_per_minute: 5, mails_per_hour: 2, guesses_per_hour: 1000 }
    const authd = await startAuthd({ database, config: { limits } })
    authd.clock.advance(DAY)
    const ask = () => authd.browser().post('/v1/signin', { json: { email: ADA } })
    const before = await Promise.all([ask(), ask(), ask(), ask(), ask(), ask()])
    authd.clock.advance(-DAY)

    const after = await ask()

    expect(before.map(({ status }) => status)).toContain(429)
    expect(after.status).toBe(201)
  })

  test('wrong codes of mails no longer count', async () => {
    const authd = await startAuthd({ database })
    authd.clock.advance(DAY)
    for (let mails = 0; mails < 4; mails += 1) {
      const { attemptToken: attempt_token } = await askForCode(authd)
      for (let tries = 0; tries < 5; tries += 1)
        await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token } })
      authd.clock.advance(2 * MINUTE)
    }
    const capped = await askForCode(authd)
    authd.clock.advance(-DAY)

    const { code } = await askForCode(authd)

    expect(capped.code).toMatch(/^.{4}-.{4}-.{4}$/)
    expect(code).toMatch(/^\d{6}$/)
    expect(await listLockouts(authd.deps)).toEqual([])
  })

  test('a mail that was put off by a failure is sent at once', async () => {
    const authd = await startAuthd({ database })
    authd.clock.advance(DAY)
    authd.mailer.failure = new MailError('451 later', { isPermanent: false })
    await askForCode(authd)
    authd.mailer.failure = undefined
    authd.clock.advance(-DAY)

    const sent = await authd.takeMail()

    expect(sent).toHaveLength(1)
  })

  test('a webhook that was put off by a failure is sent at once', async () => {
    const authd = await startAuthd({ database })
    const receiver = await webhookReceiver()
    authd.clock.advance(DAY)
    await addWebhook(authd.deps, SYSTEM, {
      url: receiver.url,
      description: '',
      events: ['user.registered'],
      allowsPrivate: true,
    })
    await signInForTokens(authd)
    receiver.answer = answering(500)
    await authd.sendWebhooks()
    receiver.answer = answering(204)
    await putRight(authd)
    authd.clock.advance(10 * SECOND)

    await authd.sendWebhooks()

    expect(typesOf(receiver)).toEqual(['user.registered', 'user.registered'])
  })

  test('a webhook of before, which the wrong clock put off, is sent at once', async () => {
    const authd = await startAuthd({ database })
    const receiver = await webhookReceiver()
    const endpoint = { url: receiver.url, description: '', events: ['user.registered'], allowsPrivate: true }
    await addWebhook(authd.deps, SYSTEM, endpoint)
    receiver.answer = answering(500)
    await signInForTokens(authd)
    await authd.sendWebhooks()
    authd.clock.advance(DAY)
    await authd.sendWebhooks()
    receiver.answer = answering(200)
    await putRight(authd)
    authd.clock.advance(10 * MINUTE)

    await authd.sendWebhooks()

    expect(typesOf(receiver)).toHaveLength(3)
  })

  test('a new endpoint gets the events that follow, also if the worker of the first one died', async () => {
    const authd = await startAuthd({ database })
    const receiver = await webhookReceiver()
    authd.clock.advance(DAY)
    const endpoint = { url: receiver.url, description: '', events: ['user.registered'], allowsPrivate: true }
    await addWebhook(authd.deps, SYSTEM, endpoint)
    await signInForTokens(authd, 'first@example.com')
    await sealAudit(authd.deps)
    await queueWebhooks(authd.deps)
    const now = authd.clock.now()
    const claimed = await authd.deps.db.write((trx) =>
      claimWebhookEndpoint(trx, { owner: 'node_1', now, busyUntil: now + MINUTE }),
    )
    await authd.deps.db.write((trx) => trx.run('DELETE FROM outbox'))
    authd.clock.advance(-DAY)

    await signInForTokens(authd, 'second@example.com')
    await authd.sendWebhooks()

    expect(claimed).toBeDefined()
    expect(typesOf(receiver)).toEqual(['user.registered'])
  })

  test('an address gets mail again after the time that its refusals caused', async () => {
    const { deps, clock } = await startAuthd({ database })
    const refusal = { address: ADA, response: '550 no such user', enhancedCode: '5.1.1' }
    clock.advance(DAY)
    for (let refusals = 0; refusals < 3; refusals += 1) {
      clock.advance(2 * HOUR)
      await deps.db.write((trx) => noteRefusal(deps, trx, refusal))
    }
    const before = await deps.db.read((sql) => isSuppressed(deps, sql, ADA))
    clock.advance(-DAY)

    const after = await deps.db.read((sql) => isSuppressed(deps, sql, ADA))

    expect([before, after]).toEqual([true, false])
    expect(await listSuppressed(deps, { limit: 10 })).toMatchObject({ rows: [] })
  })

  test('the code of a new mail confirms a session, also one that another instance sent', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    authd.clock.advance(DAY)
    await browser.post('/v1/stepup/email')
    await authd.takeMail()
    authd.clock.advance(-DAY)
    const second = await authd.another()
    const there = second.browser()
    for (const [name, value] of browser.cookies) there.cookies.set(name, value)

    await there.post('/v1/stepup/email')
    const code = (await second.takeProofMail())?.values['code']
    const steppedUp = await there.post('/v1/stepup/code', { json: { code } })

    expect(steppedUp.status).toBe(200)
  })

  test('another mail of an open attempt can be requested at once', async () => {
    const authd = await startAuthd({ database })
    const { attemptToken: attempt_token } = await askForCode(authd)
    authd.clock.advance(5 * MINUTE)
    const ahead = await authd.browser().post('/v1/signin/email', { json: { attempt_token } })
    authd.clock.advance(-4 * MINUTE)

    const again = await authd.browser().post('/v1/signin/email', { json: { attempt_token } })

    expect([ahead.status, again.status]).toEqual([202, 202])
  })

  test('another mail can be requested at once, and the old code is worth nothing', async () => {
    const authd = await startAuthd({ database })
    authd.clock.advance(DAY)
    const old = await askForCode(authd)
    authd.clock.advance(-DAY)

    const attempt_token = old.attemptToken
    const used = await authd.browser().post('/v1/signin/code', { json: { code: old.code, attempt_token } })
    const { code } = await askForCode(authd)

    expect(used.status).toBe(401)
    expect(code).toMatch(/^\d{6}$/)
  })

  test('SECURITY: a link of tomorrow does not work, before authd notices', async () => {
    const authd = await startAuthd({ database })
    authd.clock.advance(DAY)
    const browser = authd.browser()
    const { token, attempt } = await askOnPage(authd, browser)
    authd.clock.advance(-DAY)

    expect((await browser.post('/signin/link', { form: { token, attempt } })).status).toBe(410)
  })

  test('SECURITY: a link and a recovery link of tomorrow do not work, also tomorrow', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    authd.clock.advance(DAY)
    const browser = authd.browser()
    const { token, attempt } = await askOnPage(authd, browser)
    const made = await makeRecoveryLink(authd.deps, SYSTEM, {
      name: ADA,
      removes: [],
      ttlMs: HOUR,
      mustEndSessions: false,
    })
    await putRight(authd)
    authd.clock.advance(DAY)

    const link = await browser.post('/signin/link', { form: { token, attempt } })
    const recovery = await browser.get(made.url.slice(authd.url.length))

    expect([link.status, recovery.status]).toEqual([410, 410])
  })

  test('SECURITY: a session is not fresh, is used on, and ends when it should', async () => {
    const authd = await startAuthd({ database, config: { session: { ttl: '20d', idle_ttl: '20d' } } })
    const browser = authd.browser()
    authd.clock.advance(DAY)
    await signInOnPage(authd, browser)
    authd.clock.advance(10 * MINUTE - DAY)

    const used = await cookieSession(browser)
    const change = await browser.post('/v1/me/passkeys/options')
    authd.clock.advance(DAY - 9 * MINUTE)
    const nextDay = await browser.post('/v1/me/passkeys/options')
    authd.clock.advance(19 * DAY)
    const over = await cookieSession(browser)

    expect([used.status, change.status, nextDay.status, over.status]).toEqual([200, 403, 403, 401])
  })

  test('SECURITY: an unused session lasts exactly as long as it should', async () => {
    const authd = await startAuthd({ database, config: { session: { ttl: '20d', idle_ttl: '20d' } } })
    const browser = authd.browser()
    authd.clock.advance(DAY)
    await signInOnPage(authd, browser)
    await putRight(authd)
    await noteClockStep(authd.deps, -DAY)

    authd.clock.advance(20 * DAY - 1)
    const last = await authd.deps.db.read((sql) => sql.one<{ n: number }>('SELECT max(expires_at) AS n FROM sessions'))
    authd.clock.advance(1)
    const over = await cookieSession(browser)

    expect(Number(last?.n)).toBe(authd.clock.now())
    expect(over.status).toBe(401)
  })

  test('SECURITY: an access token of tomorrow is not valid', async () => {
    const authd = await startAuthd({ database })
    authd.clock.advance(DAY)
    const { accessToken } = await signInForTokens(authd)
    authd.clock.advance(-DAY)

    const used = await authd.browser().get('/v1/session', { bearer: accessToken })

    expect(used.status).toBe(401)
  })

  test('SECURITY: the challenge of a passkey and a pending authenticator app have ended', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    authd.clock.advance(DAY)
    await signInOnPage(authd, browser)
    const asked = await browser.post('/v1/me/passkeys/options')
    const pending = await browser.post('/v1/me/totp')
    await putRight(authd)
    const credential = deviceFor(authd).register(asked.body.options)

    const added = await browser.post('/v1/me/passkeys', { json: { challenge_id: asked.body.challenge_id, credential } })
    const code = totpCode(authd, pending.body.secret)
    const confirmed = await browser.post('/v1/me/totp/confirm', { json: { code } })

    expect([added.status, confirmed.status]).toEqual([400, 401])
    expect((await enrolPasskey(browser, deviceFor(authd))).status).toBe(201)
  })

  test('SECURITY: restoring an address ends later ways back, also those of another instance', async () => {
    const { deps, clock } = await startAuthd({ database })
    const now = clock.now()
    const user = { id: 'usr_1', email: ADA, emailTyped: ADA, name: null, emailVerifiedAt: now, createdAt: now }
    const change = { userId: 'usr_1', oldEmail: ADA, oldEmailTyped: ADA, newEmail: 'b@example.com', restoreDigest: '' }
    const at = (changedAt: number) => ({ ...change, changedAt, restorableUntil: now + DAY, restoredAt: null })
    const left = await deps.db.write(async (trx) => {
      await insertUser(trx, user)
      // The clock was ahead when the first of them got its id, so its id is the highest.
      await insertEmailChange(trx, { ...at(now - 2), id: 'emc_9' })
      await insertEmailChange(trx, { ...at(now - 1), id: 'emc_1' })
      await insertEmailChange(trx, { ...at(now - 3), id: 'emc_5' })
      await restoreEmailChange(trx, { id: 'emc_9', userId: 'usr_1', now })
      return await trx.all<{ id: string }>('SELECT id FROM email_changes WHERE restored_at IS NULL')
    })

    expect(left).toEqual([{ id: 'emc_5' }])
  })

  test('the code of a new mail confirms a session, after what the clock wrote was dated', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    authd.clock.advance(DAY)
    await browser.post('/v1/stepup/email')
    await authd.takeMail()
    await putRight(authd)
    const second = await authd.another()
    const there = second.browser()
    for (const [name, value] of browser.cookies) there.cookies.set(name, value)
    second.clock.advance(HOUR)

    await there.post('/v1/stepup/email')
    const code = (await second.takeProofMail())?.values['code']
    const steppedUp = await there.post('/v1/stepup/code', { json: { code } })

    expect(steppedUp.status).toBe(200)
  })

  test('a daemon that was killed is not listed', async () => {
    const { deps, clock } = await startAuthd({ database })
    const node = { id: 'node_1', pid: 1, host: 'one', version: '1.2.3', address: '', startedAt: 1 }
    clock.advance(DAY)
    await announceNode(deps, node)
    clock.advance(-DAY)

    expect(await listNodes(deps)).toEqual([])
  })

  test('a new signing key signs when it should', async () => {
    const authd = await startAuthd({ database })
    authd.clock.advance(DAY + MINUTE)
    const { kid, signsFrom } = await rotateKeys(authd.deps, SYSTEM, { isImmediate: false })
    await putRight(authd)

    authd.clock.set(signsFrom - DAY)

    const active = (await listKeys(authd.deps)).find(({ state }) => state === 'active')
    expect(active?.key.kid).toBe(kid)
    expect((await signInForTokens(authd)).accessToken).toBeTypeOf('string')
  })
})

describe('two instances whose clocks differ a little', () => {
  test('honour the grace of a refresh, and share one window of a limit', async () => {
    const config = { limits: { requests_per_minute: 2, mails_per_hour: 1000, guesses_per_hour: 1000 } }
    const authd = await startAuthd({ database: 'postgres', config })
    const { refreshToken } = await signInForTokens(authd)
    authd.clock.advance(HOUR)
    authd.clock.advance(5 * SECOND)
    const ahead = await refresh(authd, refreshToken)
    await authd.browser().post('/v1/signin', { json: { email: ADA } })
    authd.clock.advance(-5 * SECOND)

    const behind = await refresh(authd, refreshToken)
    const more = [
      await authd.browser().post('/v1/signin', { json: { email: 'eve@example.com' } }),
      await authd.browser().post('/v1/signin', { json: { email: 'eve@example.com' } }),
    ]

    expect([ahead.status, behind.status]).toEqual([200, 200])
    expect(more.at(-1)?.status).toBe(429)
  })
})

test('an event that is recorded seldom is recorded again after the clock was put back', async () => {
  const { clock } = await startAuthd()
  const isDue = seldom(clock)
  clock.advance(DAY)
  const first = isDue('203.0.113.9')
  clock.advance(-DAY)

  const second = isDue('203.0.113.9')
  clock.advance(CLOCK_SKEW_MS)
  const third = isDue('203.0.113.9')

  expect([first, second, third]).toEqual([true, true, false])
})

test('a stepped clock is one warning and one count, with its direction', async () => {
  const { deps, log } = await startAuthd()
  await noteClockStep(deps, 0)
  await noteClockStep(deps, HOUR)

  const { text } = await deps.metrics.render()

  expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([
    { level: 'warn', message: 'the clock was stepped', fields: { direction: 'forward', seconds: 3600 } },
  ])
  expect(text).toContain('clock_steps_total 1')
})

test('a session that only refreshes, and began while the clock was a year ahead, lives no longer', async () => {
  const authd = await startAuthd()
  authd.clock.advance(365 * DAY)
  const { refreshToken, sessionId } = await signInForTokens(authd)
  authd.clock.advance(-365 * DAY)

  const refreshed = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
  const session = await authd.deps.db.read((sql) => findSession(sql, sessionId))

  expect(refreshed.status).toBe(200)
  expect(session?.expiresAt).toBeLessThanOrEqual(authd.clock.now() + 30 * DAY)
  expect(session?.authTime).toBeLessThanOrEqual(authd.clock.now())
})
