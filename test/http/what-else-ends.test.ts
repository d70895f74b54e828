import { describe, expect, test } from 'vitest'
import { resolveUser } from '../../src/flows/named-user.ts'
import { notify } from '../../src/flows/outbox/notice.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { completeSignIn } from '../../src/flows/signin/complete.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUser } from '../../src/flows/users/disable.ts'
import { changeEmailIn } from '../../src/flows/users/email-change.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { DAY, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { findSigninAttempt } from '../../src/store/signin-attempts.ts'
import { lockUser, lockUserByEmail } from '../../src/store/users.ts'
import { deviceFor, enrolPasskey, enrolTotp } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const
const NEW = 'ada@example.org'

/** What a user has that an act may end. */
const PARTS = {
  sessions: 'SELECT id FROM sessions WHERE user_id = ? AND revoked_at IS NULL',
  devices: 'SELECT user_id FROM devices WHERE user_id = ?',
  attempts:
    'SELECT id FROM signin_attempts WHERE email = ? AND used_at IS NULL AND completed_at IS NULL AND expires_at > 0',
  recoveryLinks: 'SELECT id FROM recovery_links WHERE user_id = ? AND used_at IS NULL AND expires_at > 0',
  waysBack: 'SELECT id FROM email_changes WHERE user_id = ? AND restored_at IS NULL',
  restoreCodes: "SELECT id FROM signin_attempts WHERE user_id = ? AND purpose = 'email_restore' AND used_at IS NULL",
  passkeys: 'SELECT id FROM passkeys WHERE user_id = ?',
  apps: 'SELECT user_id FROM totp_secrets WHERE user_id = ? AND secret_sealed IS NOT NULL',
  recoveryCodes: 'SELECT id FROM recovery_codes WHERE user_id = ? AND used_at IS NULL',
  signinMails: "SELECT id FROM outbox WHERE recipient = ? AND state = 'pending' AND template = 'signin'",
  notices: "SELECT id FROM outbox WHERE recipient = ? AND state = 'pending' AND template = 'passkey_added'",
} as const

type Remains = Record<keyof typeof PARTS, number>

/** Counts the parts of the user who had this address at first. */
async function remainsOf(authd: Authd, { id, email }: { id: string; email: string }): Promise<Remains> {
  const counts = await authd.deps.db.read(async (sql) => {
    const found: [string, number][] = []
    for (const [name, statement] of Object.entries(PARTS)) {
      const subject = /(email|recipient) = /.test(statement) ? email : id
      found.push([name, (await sql.all(statement, [subject])).length])
    }
    return found
  })
  return Object.fromEntries(counts) as Remains
}

/** A user with one of each part, two sessions and ten recovery codes. Mails wait in the queue. */
async function withEverything(
  authd: Authd,
  email = ADA,
): Promise<{ user: { id: string; email: string }; browser: Browser }> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, `former-${email}`)
  await browser.post('/v1/me/email', { json: { email } })
  const code = (await authd.takeMail()).find(({ template }) => template === 'email_change')?.values['code']
  await browser.post('/v1/me/email/confirm', { json: { code } })
  const told = (await authd.takeMail()).find(({ template }) => template === 'email_changed')
  const token = new URL(told?.values['link'] ?? '').searchParams.get('token') ?? ''
  await authd.browser().post('/restore-email', { form: { token } })
  await signInForTokens(authd, email)
  await enrolPasskey(browser, deviceFor(authd))
  await enrolTotp(authd, browser)
  await authd.takeMail()
  authd.clock.advance(MINUTE)
  await makeRecoveryLink(authd.deps, SYSTEM, { name: email, removes: [], ttlMs: DAY, mustEndSessions: false })
  await authd.browser().post('/v1/signin', { json: { email } })
  const user = await resolveUser(authd.deps, email)
  await authd.deps.db.write((trx) =>
    notify(authd.deps, trx, SYSTEM, { user, template: 'passkey_added', values: { name: 'Phone' } }),
  )
  return { user, browser }
}

const EVERYTHING: Remains = {
  sessions: 2,
  devices: 1,
  attempts: 1,
  recoveryLinks: 1,
  waysBack: 1,
  restoreCodes: 1,
  passkeys: 1,
  apps: 1,
  recoveryCodes: 10,
  signinMails: 1,
  notices: 1,
}

async function changeTo(authd: Authd, email: string, isVerified: boolean): Promise<void> {
  await updateUser(authd.deps, SYSTEM, { user: ADA, email: parseEmailAddress(email), isVerified })
}

async function redeem(authd: Authd, removes: ('passkey' | 'totp')[], mustEndSessions = false): Promise<void> {
  const { url } = await makeRecoveryLink(authd.deps, SYSTEM, { name: ADA, removes, ttlMs: DAY, mustEndSessions })
  await authd.browser().post('/recover', { form: { token: new URL(url).searchParams.get('token') ?? '' } })
}

describe.each(DATABASES)('what else ends (%s)', (database) => {
  test.each<[string, (authd: Authd, browser: Browser) => Promise<unknown>, Partial<Remains>]>([
    ['nothing', async () => {}, {}],
    [
      'an operator disables the user',
      async (authd) => disableUser(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA), null),
      { sessions: 0, devices: 0, attempts: 0, recoveryLinks: 0, restoreCodes: 0, signinMails: 0 },
    ],
    [
      'an operator deletes the user',
      async (authd) => removeUser(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA)),
      {
        ...{ sessions: 0, devices: 0, attempts: 0, recoveryLinks: 0, waysBack: 0, restoreCodes: 0 },
        ...{ passkeys: 0, apps: 0, recoveryCodes: 0, signinMails: 0 },
      },
    ],
    [
      'the user deletes the account',
      (_, browser) => browser.send('DELETE', '/v1/me'),
      {
        ...{ sessions: 0, devices: 0, attempts: 0, recoveryLinks: 0, waysBack: 0, restoreCodes: 0 },
        ...{ passkeys: 0, apps: 0, recoveryCodes: 0, signinMails: 0 },
      },
    ],
    ['an operator changes the address', (authd) => changeTo(authd, NEW, false), { attempts: 0, signinMails: 0 }],
    [
      'an operator changes the address and vouches for it',
      (authd) => changeTo(authd, NEW, true),
      { attempts: 0, signinMails: 0 },
    ],
    // The recovery link that is used replaces the older one. Its own attempt waits for the passkey.
    ['a recovery link is used that removes nothing', (authd) => redeem(authd, []), { recoveryLinks: 0, attempts: 2 }],
    [
      'a recovery link is used that removes the app',
      (authd) => redeem(authd, ['totp']),
      { recoveryLinks: 0, attempts: 2, apps: 0 },
    ],
    [
      'a recovery link is used that removes both factors',
      (authd) => redeem(authd, ['passkey', 'totp']),
      { recoveryLinks: 0, passkeys: 0, apps: 0, recoveryCodes: 0, sessions: 3, devices: 2 },
    ],
    [
      'a recovery link is used that also ends sessions',
      (authd) => redeem(authd, ['passkey', 'totp'], true),
      { recoveryLinks: 0, passkeys: 0, apps: 0, recoveryCodes: 0, sessions: 1, devices: 2 },
    ],
    [
      'the user removes the passkey',
      async (_, browser) => {
        const { body } = await browser.get('/v1/me/passkeys')
        await browser.send('DELETE', `/v1/me/passkeys/${body[0].id}`)
      },
      { passkeys: 0 },
    ],
    [
      'the user removes both factors',
      async (_, browser) => {
        const { body } = await browser.get('/v1/me/passkeys')
        await browser.send('DELETE', '/v1/me/totp')
        await browser.send('DELETE', `/v1/me/passkeys/${body[0].id}`)
      },
      { passkeys: 0, apps: 0, recoveryCodes: 0 },
    ],
    [
      'the user signs out everywhere',
      (_, browser) => browser.post('/v1/logout?scope=all'),
      { sessions: 0, devices: 0 },
    ],
    ['the user signs out elsewhere', (_, browser) => browser.post('/v1/logout?scope=others'), { sessions: 1 }],
  ])('when %s, and nothing of another user', async (_, act, changed) => {
    const authd = await startAuthd({ database })
    const another = await withEverything(authd, 'bob@example.com')
    const { user, browser } = await withEverything(authd)
    const before = await remainsOf(authd, another.user)

    await act(authd, browser)

    expect(before).toEqual({ ...EVERYTHING, signinMails: 0, notices: 0 })
    expect(await remainsOf(authd, user)).toEqual({ ...EVERYTHING, ...changed })
    expect(await remainsOf(authd, another.user)).toEqual(before)
  })
})

/** Changes an address as its user does, without the way there. */
async function changeAs(authd: Authd, name: string, email: string): Promise<void> {
  const { id } = await resolveUser(authd.deps, name)
  await authd.deps.db.write(async (trx) => {
    const user = await lockUser(trx, id)
    const address = parseEmailAddress(email)
    if (!user || !address) throw new Error(`${name} cannot have ${email}`)
    await changeEmailIn(authd.deps, trx, SYSTEM, { user, address, isVerified: true, byOperator: false })
  })
}

/** Changes the address of this browser's user. Returns the token of the link to restore the former one. */
async function changeOwn(authd: Authd, browser: Browser, email: string): Promise<string> {
  await browser.post('/v1/me/email', { json: { email } })
  const code = (await authd.takeMail()).find(({ template }) => template === 'email_change')?.values['code']
  await browser.post('/v1/me/email/confirm', { json: { code } })
  const told = (await authd.takeMail()).find(({ template }) => template === 'email_changed')
  return new URL(told?.values['link'] ?? '').searchParams.get('token') ?? ''
}

/** A thief changes Ada's address, adds factors, changes it once more, and gets a recovery link. Returns Ada's link to restore it. */
async function stolen(authd: Authd): Promise<{ thief: Browser; token: string }> {
  const thief = authd.browser()
  await signInOnPage(authd, thief)
  await enrolPasskey(thief, deviceFor(authd))
  authd.clock.advance(MINUTE)
  const token = await changeOwn(authd, thief, 'thief@example.com')
  await changeOwn(authd, thief, 'thief@example.org')
  await enrolPasskey(thief, deviceFor(authd))
  await enrolTotp(authd, thief)
  const handed = { name: 'thief@example.org', removes: [], ttlMs: DAY, mustEndSessions: false }
  await makeRecoveryLink(authd.deps, SYSTEM, handed)
  await authd.takeMail()
  return { thief, token }
}

async function restore(authd: Authd, token: string, owner = authd.browser()) {
  await owner.post('/restore-email', { form: { token } })
  const mails = await authd.takeMail()
  const code = mails.find(({ template }) => template === 'email_restore')?.values['code'] ?? ''
  return { reply: await owner.post('/restore-email/code', { form: { token, code } }) }
}

describe.each(DATABASES)('restoring an address (%s)', (database) => {
  test('ends sessions, devices, later factors and later ways back, and keeps the older factor', async () => {
    const authd = await startAuthd({ database })
    const { token } = await stolen(authd)
    await authd.browser().post('/v1/signin', { json: { email: 'thief@example.org' } })
    const user = await resolveUser(authd.deps, 'thief@example.org')
    const before = await remainsOf(authd, user)

    const { reply } = await restore(authd, token)

    expect(reply.status).toBe(303)
    expect(before).toMatchObject({ sessions: 1, devices: 1, attempts: 1, recoveryLinks: 1, waysBack: 2, passkeys: 2 })
    expect(await remainsOf(authd, user)).toEqual({
      ...{ sessions: 0, devices: 0, attempts: 0, recoveryLinks: 0, waysBack: 0, restoreCodes: 0 },
      ...{ passkeys: 1, apps: 0, recoveryCodes: 0, signinMails: 0, notices: 0 },
    })
    expect(await authd.deps.db.read((sql) => sql.all('SELECT email FROM users'))).toEqual([{ email: ADA }])
  })

  test('ends the owner’s recovery codes with the last factor that they stood in for', async () => {
    const authd = await startAuthd({ database })
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    await enrolTotp(authd, thief)
    await authd.takeMail()
    authd.clock.advance(MINUTE)
    const token = await changeOwn(authd, thief, 'thief@example.com')
    await enrolPasskey(thief, deviceFor(authd))
    await thief.send('DELETE', '/v1/me/totp')
    const user = await resolveUser(authd.deps, 'thief@example.com')
    const before = await remainsOf(authd, user)
    await authd.takeMail()

    await restore(authd, token)

    expect(before).toMatchObject({ passkeys: 1, apps: 0, recoveryCodes: 10 })
    expect(await remainsOf(authd, user)).toMatchObject({ passkeys: 0, apps: 0, recoveryCodes: 0 })
  })

  test('ends no way back of another user', async () => {
    const authd = await startAuthd({ database })
    const { token } = await stolen(authd)
    const bob = authd.browser()
    await signInOnPage(authd, bob, 'bob@example.com')
    const own = await changeOwn(authd, bob, 'bob@example.org')

    await restore(authd, token)
    const { reply } = await restore(authd, own)

    expect(reply.status).toBe(303)
  })

  test('spends the code with the link', async () => {
    const authd = await startAuthd({ database })
    const { token } = await stolen(authd)

    await restore(authd, token)
    const open = await authd.deps.db.read((sql) =>
      sql.all("SELECT id FROM signin_attempts WHERE purpose = 'email_restore' AND used_at IS NULL"),
    )

    expect(open).toEqual([])
  })

  test('does not spend the link while another account has the address', async () => {
    const authd = await startAuthd({ database })
    const { thief, token } = await stolen(authd)
    const other = authd.browser()
    await signInOnPage(authd, other)

    const { reply: refused } = await restore(authd, token)
    const during = await thief.get('/v1/session')
    await other.send('DELETE', '/v1/me')
    authd.clock.advance(MINUTE)
    const { reply: again } = await restore(authd, token)

    expect(refused.status).toBe(409)
    expect(refused.body).toContain('Another account uses this address now.')
    expect([during.status, again.status]).toEqual([200, 303])
  })

  test('happens once, however many send the code at once', async () => {
    const authd = await startAuthd({ database })
    const { token } = await stolen(authd)
    await authd.browser().post('/restore-email', { form: { token } })
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    const send = () => authd.browser().post('/restore-email/code', { form: { token, code } })

    const replies = await Promise.all(Array.from({ length: 6 }, send))
    const restored = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.email_restored')

    expect(replies.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(restored).toHaveLength(1)
  })
})

describe.each(DATABASES)('a deletion is mailed (%s)', (database) => {
  test('and notices that wait still go out, but no sign-in mail', async () => {
    const authd = await startAuthd({ database })
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    await enrolPasskey(thief, deviceFor(authd))
    await authd.browser().post('/v1/signin', { json: { email: ADA } })

    await thief.send('DELETE', '/v1/me')
    const mails = await authd.takeMail()

    expect(mails.map(({ to, template }) => [to, template])).toEqual([
      [ADA, 'passkey_added'],
      [ADA, 'account_deleted'],
    ])
    expect(mails.at(-1)?.values).not.toHaveProperty('link')
  })

  test('also to an address that was replaced in the last seven days, with the notices that wait there', async () => {
    const authd = await startAuthd({ database })
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    await authd.takeMail()
    await enrolPasskey(thief, deviceFor(authd))
    await thief.post('/v1/me/email', { json: { email: 'thief@example.com' } })
    const code = await codeFor(authd, 'thief@example.com')
    await thief.post('/v1/me/email/confirm', { json: { code } })

    await thief.send('DELETE', '/v1/me')
    const mails = await authd.takeMail()
    const told = mails.filter(({ to }) => to === ADA).map(({ template }) => template)

    expect(told).toEqual(expect.arrayContaining(['passkey_added', 'email_changed', 'account_deleted']))
    expect(mails.filter(({ template }) => template === 'account_deleted').map(({ to }) => to)).toContain(
      'thief@example.com',
    )
  })

  test.each([
    ['a minute later each time', MINUTE],
    ['each time with an instance whose clock is a second further behind', -SECOND],
  ])('to the address that was replaced first, though a thief changes it twelve times, %s', async (_, stepMs) => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    for (let n = 0; n < 12; n += 1) {
      await changeAs(authd, n === 0 ? ADA : `thief${n - 1}@example.com`, `thief${n}@example.com`)
      authd.clock.advance(stepMs)
    }
    await authd.takeMail()

    await removeUser(authd.deps, SYSTEM, await resolveUser(authd.deps, 'thief11@example.com'))
    const told = (await authd.takeMail()).map(({ to }) => to)

    expect(told).toHaveLength(11)
    expect(told).toEqual(expect.arrayContaining([ADA, 'thief11@example.com']))
  })

  test('and to nobody if the address was never proven', async () => {
    const authd = await startAuthd({ database })
    await authd.deps.db.write((trx) =>
      trx.run("INSERT INTO users (id, email, email_typed, created_at) VALUES ('usr_1', ?, ?, 1)", [ADA, ADA]),
    )

    await removeUser(authd.deps, SYSTEM, { id: 'usr_1' })

    expect(await authd.takeMail()).toEqual([])
  })
})

/** Sends waiting mails until the one with this address's code. The notices before it are put back into the queue. */
async function codeFor(authd: Authd, email: string): Promise<string> {
  const held = await authd.deps.db.write((trx) =>
    trx.all<{ id: string }>(
      "UPDATE outbox SET state = 'failed' WHERE state = 'pending' AND recipient <> ? RETURNING id",
      [email],
    ),
  )
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  for (const { id } of held) {
    await authd.deps.db.write((trx) => trx.run("UPDATE outbox SET state = 'pending' WHERE id = ?", [id]))
  }
  return code
}

describe.each(DATABASES)('a recovery link that cannot sign in (%s)', (database) => {
  test('removes no factor and stays unspent', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await enrolPasskey(browser, deviceFor(authd))
    const asked = { name: ADA, removes: ['passkey' as const], ttlMs: DAY, mustEndSessions: false }
    const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)
    const user = await resolveUser(authd.deps, ADA)
    const set = (sql: string, value: number | null) => authd.deps.db.write((trx) => trx.run(sql, [value]))
    await set('UPDATE users SET disabled_at = ?', 1)

    const form = { token: new URL(url).searchParams.get('token') ?? '' }
    const page = await authd.browser().get(`/recover?token=${form.token}`)
    const refused = await authd.browser().post('/recover', { form })
    const kept = await remainsOf(authd, user)
    const failures = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.authentication_failed')
    await set('UPDATE users SET disabled_at = ?', null)
    const used = await authd.browser().post('/recover', { form })

    expect([page.status, refused.status, used.status]).toEqual([410, 410, 303])
    expect(kept).toMatchObject({ passkeys: 1, recoveryLinks: 1 })
    expect(failures).toMatchObject([{ metadata: { method: 'recovery_link', reason: 'disabled' } }])
  })

  test('is not made for a user whose invitation has expired', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'invite' } } })
    await authd.deps.db.write((trx) =>
      trx.run("INSERT INTO users (id, email, email_typed, created_at, invited_until) VALUES ('usr_1', ?, ?, 1, 1)", [
        ADA,
        ADA,
      ]),
    )
    const asked = { name: ADA, removes: [], ttlMs: DAY, mustEndSessions: false }

    await expect(makeRecoveryLink(authd.deps, SYSTEM, asked)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `${ADA} has an expired invitation, so a recovery link would not work.`,
    })
  })
})

test.each(DATABASES)('a proof for an attempt that another request has completed is recorded (%s)', async (database) => {
  const authd = await startAuthd({ database })
  const browser = authd.browser()
  const { attempt: id, code } = await askOnPage(authd, browser)
  const stale = await authd.deps.db.read((sql) => findSigninAttempt(sql, id))
  await browser.post('/signin/code', { form: { attempt: id, code } })
  const outcome = await authd.deps.db.write(async (trx) => {
    const user = await lockUserByEmail(trx, ADA)
    if (!stale || !user) throw new Error('nobody signed in')
    return await completeSignIn(authd.deps, trx, SYSTEM, { attempt: stale, user, proof: 'passkey', method: 'passkey' })
  })

  const failures = (await authd.auditLog()).filter(({ eventType }) => eventType === 'user.authentication_failed')

  expect(outcome).toBeUndefined()
  expect(failures).toMatchObject([{ email: ADA, metadata: { method: 'passkey', reason: 'attempt_over' } }])
})
