import { decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { explainSignIn } from '../../src/flows/operator/explain.ts'
import { beginLockdown, endLockdown } from '../../src/flows/operator/lockdown.ts'
import { listSettings, setSetting, unsetSetting } from '../../src/flows/operator/setting.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { finishSigningOut, recordSignedOut, signOutEverybodyIn } from '../../src/flows/sessions/sign-out-everybody.ts'
import { addUsers } from '../../src/flows/users/add.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, MINUTE } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import type { Db, Trx } from '../../src/store/db.ts'
import { listSessions } from '../../src/store/sessions.ts'
import { askPasskey, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { whileParked } from '../support/parked.ts'
import { ADA, askForCode, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'
import { until } from '../support/until.ts'

const LOCKED = { reason: null, keepSessions: false }
const lockDown = (authd: Authd, keepSessions = false) =>
  beginLockdown(authd.deps, SYSTEM, { reason: null, keepSessions })
const addresses = (email: string) => [parseEmailAddress(email)].filter((address) => address !== undefined)
const kidOf = ({ accessToken }: { accessToken: string }) => decodeProtectedHeader(accessToken).kid
const tokenOf = (url = 'http://no.link') => new URL(url).searchParams.get('token') ?? ''

describe.each(['sqlite', 'postgres'] as const)('a lockdown on %s', (database) => {
  test('ends every session at once, on every instance', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { accessToken, refreshToken } = await signInForTokens(authd, 'bob@example.com')

    const { endedSessions } = await lockDown(other)

    const replies = [
      await browser.get('/v1/session'),
      await authd.browser().get('/v1/session', { bearer: accessToken }),
      await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } }),
    ]
    expect(replies.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(endedSessions).toBe(2)
    const events = (await authd.auditLog()).filter(({ eventType }) => eventType === 'session.revoked')
    expect(events.map(({ metadata }) => metadata['reason'])).toEqual(['lockdown', 'lockdown'])
  })

  test('ends what was mailed or handed out before, and nothing that begins after it', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    const asked = await askForCode(authd)
    const browser = authd.browser()
    const mailed = await askOnPage(authd, browser)
    const passkeyBrowser = authd.browser()
    const challenge = await askPasskey(passkeyBrowser)
    const [invitation] = await inviteUsers(authd.deps, SYSTEM, {
      ...{ emails: addresses('invited@example.com'), ttlMs: DAY, lang: 'en', mustSend: false, name: null },
    })
    const recovery = await makeRecoveryLink(authd.deps, SYSTEM, {
      ...{ name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false },
    })

    await lockDown(authd)
    await endLockdown(authd.deps, SYSTEM)

    const refused = [
      await authd.browser().post('/v1/signin/code', { json: { code: asked.code, attempt_token: asked.attemptToken } }),
      await browser.post('/signin/code', { form: { attempt: mailed.attempt, code: mailed.code } }),
      await browser.post('/signin/link', { form: { token: mailed.token, attempt: mailed.attempt } }),
      await passkeyBrowser.post('/v1/signin/passkey', {
        json: { challenge_id: challenge.challenge_id, credential: device.sign(challenge.options) },
      }),
      await authd.browser().post('/recover', { form: { token: tokenOf(recovery.url) } }),
      await authd.browser().post('/invite', { form: { token: tokenOf(invitation?.url) } }),
    ]
    const again = await signInOnPage(authd, authd.browser(), 'new@example.com')

    expect(refused.map(({ status }) => status)).toEqual([401, 410, 410, 401, 410, 410])
    expect(again.status).toBe(303)
  })

  test('begins once, even when two operators begin it at once, and its end restores the settings from before', async () => {
    const authd = await startAuthd({ database })
    const outcomes = await Promise.allSettled([lockDown(authd), lockDown(await authd.another()), lockDown(authd)])

    await endLockdown(authd.deps, SYSTEM)

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await listSettings(authd.deps)).filter(({ isSet }) => isSet)).toEqual([])
  })

  test('holds its settings until it ends, and explains itself', async () => {
    const authd = await startAuthd({ database })
    await lockDown(authd)

    const changes = [
      setSetting(authd.deps, SYSTEM, { key: 'mail.paused', value: 'false', acceptsLockout: true }),
      unsetSetting(authd.deps, SYSTEM, { key: 'signup.policy', acceptsLockout: false }),
      setSetting(authd.deps, SYSTEM, { key: 'mfa.policy', value: 'required', acceptsLockout: true }),
    ]
    const outcomes = await Promise.allSettled(changes)
    const { checks } = await explainSignIn(authd.deps, 'new@example.com', {})
    await endLockdown(authd.deps, SYSTEM)

    const refused = { status: 'rejected', reason: { code: 'CONFLICT', suggestions: ['authd lockdown off'] } }
    expect(outcomes).toMatchObject([refused, refused, { status: 'fulfilled' }])
    const failed = checks.filter(({ status }) => status === 'fail').map(({ id, fix }) => [id, fix])
    expect(failed).toEqual(['person', 'lockdown', 'mail'].map((id) => [id, 'authd lockdown off']))
    expect((await listSettings(authd.deps)).filter(({ isSet }) => isSet).map(({ key }) => key)).toEqual(['mfa.policy'])
  })

  test('ends the leave to sign up that an invitation gave', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'invite' } } })
    const asked = { emails: addresses('invited@example.com'), ttlMs: DAY, lang: 'en', mustSend: false, name: null }
    await inviteUsers(authd.deps, SYSTEM, asked)

    await lockDown(authd)
    await endLockdown(authd.deps, SYSTEM)
    await authd.browser().post('/v1/signin', { json: { email: 'invited@example.com' } })

    expect(await authd.takeMail()).toEqual([])
  })

  test('SECURITY: is in force with its first unit, whatever was handed out before', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'invite' } } })
    await addUsers(authd.deps, SYSTEM, { emails: addresses(ADA), name: null, isVerified: true, mayExist: false })
    const asked = { emails: addresses('invited@example.com'), ttlMs: DAY, lang: 'en', mustSend: false, name: null }
    const [invitation] = await inviteUsers(authd.deps, SYSTEM, asked)
    const link = { name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
    const recovery = await makeRecoveryLink(authd.deps, SYSTEM, link)
    const before = kidOf(await signInForTokens(authd))
    const { db } = authd.deps
    let units = 0
    // The process dies after its first unit.
    const dying: Db = { ...db, write: (unit) => (units++ === 0 ? db.write(unit) : Promise.reject(new Error('died'))) }

    await expect(beginLockdown({ ...authd.deps, db: dying }, SYSTEM, LOCKED)).rejects.toThrow('died')
    await endLockdown(authd.deps, SYSTEM)
    const refused = [
      await authd.browser().post('/recover', { form: { token: tokenOf(recovery.url) } }),
      await authd.browser().post('/invite', { form: { token: tokenOf(invitation?.url) } }),
    ]
    await authd.browser().post('/v1/signin', { json: { email: 'invited@example.com' } })

    expect(refused.map(({ status }) => status)).toEqual([410, 410])
    expect(await authd.takeMail()).toEqual([])
    expect(kidOf(await signInForTokens(authd))).not.toBe(before)
  })

  test('signs with another key from then on', async () => {
    const authd = await startAuthd({ database })
    const before = kidOf(await signInForTokens(authd))

    const { newKey } = await lockDown(authd)
    await endLockdown(authd.deps, SYSTEM)
    const after = kidOf(await signInForTokens(authd))

    expect(after).not.toBe(before)
    expect(after).toBe(newKey)
  })

  test('refuses a sign-in that was about to complete', async () => {
    const authd = await startAuthd({ database })
    const { attemptToken, code } = await askForCode(authd)

    const late = await whileParked(
      authd,
      () => authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } }),
      async () => {
        await lockDown(authd)
        await endLockdown(authd.deps, SYSTEM)
      },
    )

    expect(late).toMatchObject({ where: 'parked', status: 401 })
    expect(await authd.deps.db.read((sql) => listSessions(sql, {}, 10))).toEqual([])
  })

  test('keeps sessions if asked to, and ends the rest', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { attemptToken, code } = await askForCode(authd)

    await lockDown(authd, true)
    await endLockdown(authd.deps, SYSTEM)

    const late = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })
    expect([(await browser.get('/v1/session')).status, late.status]).toEqual([200, 401])
  })

  test('leaves sign-ins possible after a clock that was ahead is put right', async () => {
    const authd = await startAuthd({ database })
    await signInOnPage(authd, authd.browser())
    await lockDown(authd)
    await endLockdown(authd.deps, SYSTEM)

    authd.clock.advance(-DAY)
    const browser = authd.browser()
    await signInOnPage(authd, browser)

    expect((await browser.get('/v1/session')).status).toBe(200)
  })
})

describe('signing everybody out', () => {
  test('is in force though the process died before the rows say so, and is finished by housekeeping', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)

    await authd.deps.db.write((trx) => signOutEverybodyIn(authd.deps, trx, SYSTEM, 'lockdown'))
    const status = (await browser.get('/v1/session')).status
    const live = await authd.deps.db.read((sql) => listSessions(sql, { liveAt: authd.clock.now() }, 10))
    await finishSigningOut(authd.deps)
    await finishSigningOut(authd.deps)
    const rows = await authd.deps.db.read((sql) => listSessions(sql, {}, 10))

    expect([status, live]).toEqual([401, []])
    expect(rows.map(({ revokedReason }) => revokedReason)).toEqual(['lockdown'])
  })

  test('leaves the record of a later one, whose process may still die', async () => {
    const authd = await startAuthd()
    const signOut = () =>
      authd.deps.db.write((trx) => signOutEverybodyIn(authd.deps, trx, SYSTEM, 'revoked_by_operator'))
    const first = await signOut()
    await signInOnPage(authd, authd.browser())
    await signOut()

    await recordSignedOut(authd.deps, SYSTEM, first)
    await finishSigningOut(authd.deps)

    const rows = await authd.deps.db.read((sql) => listSessions(sql, {}, 10))
    expect(rows.map(({ revokedReason }) => revokedReason)).toEqual(['revoked_by_operator'])
  })

  test('records hundreds of sessions in small units, each once', async () => {
    const authd = await startAuthd({ config: { session: { max_per_user: 0 } } })
    for (let n = 0; n < 250; n += 1) await signInForTokens(authd)

    const ended = await revokeByOperator(authd.deps, SYSTEM, {})

    expect(new Set(ended.map(({ id }) => id)).size).toBe(250)
    expect(await revokeByOperator(authd.deps, SYSTEM, {})).toEqual([])
  })
})

describe('a lockdown and a change of its settings at once (postgres)', () => {
  const open = { key: 'signup.policy', value: 'open', acceptsLockout: true }
  const settings = async (authd: Authd) =>
    Object.fromEntries((await listSettings(authd.deps)).filter(({ isSet }) => isSet).map((set) => [set.key, set.value]))

  /** Runs the first until its unit has read the lockdown, then the second as far as it gets, then both. */
  async function inOrder(
    authd: Authd,
    first: (deps: Authd['deps']) => Promise<unknown>,
    second: () => Promise<unknown>,
  ) {
    const { db } = authd.deps
    const hasRead = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const paused = (trx: Trx): Trx => ({
      ...trx,
      async one(text, values) {
        const row = await trx.one(text, values)
        if (values?.includes('lockdown')) {
          hasRead.resolve()
          await goOn.promise
        }
        return row as never
      },
    })
    const one = first({ ...authd.deps, db: { ...db, write: (unit) => db.write((trx) => unit(paused(trx))) } })
    await hasRead.promise
    const other = second()
    const waits = until(() => expect(isLocked(db)).resolves.toBeDefined()).then(() => 'waits')
    const was = await Promise.race([waits, other.then(() => 'done')])
    goOn.resolve()
    return [was, ...(await Promise.allSettled([one, other])).map(({ status }) => status)]
  }

  const isLocked = (db: Db) => db.read((sql) => sql.one('SELECT 1 AS one FROM pg_locks WHERE NOT granted LIMIT 1'))

  test('SECURITY: sign-up is closed when the lockdown is on, whatever was decided before', async () => {
    const authd = await startAuthd({ database: 'postgres' })
    const other = await authd.another()

    const was = await inOrder(
      other,
      (deps) => setSetting(deps, SYSTEM, open),
      () => lockDown(authd),
    )

    expect(was).toEqual(['waits', 'fulfilled', 'fulfilled'])
    expect(await settings(authd)).toEqual({ 'signup.policy': 'closed', 'mail.paused': true })
    await endLockdown(authd.deps, SYSTEM)
    expect(await settings(authd)).toEqual({ 'signup.policy': 'open' })
  })

  test('a change that comes while the lockdown begins or ends waits for it', async () => {
    const authd = await startAuthd({ database: 'postgres' })
    const other = await authd.another()
    const change = () => setSetting(authd.deps, SYSTEM, open)

    const begun = await inOrder(
      other,
      (deps) => beginLockdown(deps, SYSTEM, { reason: null, keepSessions: false }),
      change,
    )
    const held = await settings(other)
    const ended = await inOrder(other, (deps) => endLockdown(deps, SYSTEM), change)

    expect(begun).toEqual(['waits', 'fulfilled', 'rejected'])
    expect(held).toMatchObject({ 'signup.policy': 'closed' })
    expect(ended).toEqual(['waits', 'fulfilled', 'fulfilled'])
    expect(await settings(authd)).toEqual({ 'signup.policy': 'open' })
  })
})
