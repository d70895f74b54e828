import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { addUser } from '../../src/flows/users/add.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { type EmailAddress, parseEmailAddress } from '../../src/platform/email-address.ts'
import { findUserByEmail } from '../../src/store/users.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, askForCode, signInForTokens, signInOnPage } from '../support/people.ts'

const NEW = 'ada@example.org'

function address(text: string): EmailAddress {
  const email = parseEmailAddress(text)
  if (!email) throw new Error(`${text} is not an address`)
  return email
}

/** What a mail sign-in at this address answers. */
async function signInAt(authd: Authd, email: string) {
  const { attemptToken, code } = await askForCode(authd, email)
  const { body } = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })
  return body
}

async function byOperator(authd: Authd, isVerified: boolean) {
  await updateUser(authd.deps, SYSTEM, { user: ADA, email: address(NEW), isVerified })
}

async function byApiKey(authd: Authd) {
  const asked = { name: 'desk', scopes: ['users:read' as const, 'users:write' as const], expiresAt: null }
  const { token } = await createApiKey(authd.deps, SYSTEM, asked)
  const user = await authd.deps.db.read((sql) => findUserByEmail(sql, ADA))
  await authd.browser().send('PATCH', `/admin/users/${user?.id}`, { bearer: token, json: { email: NEW } })
}

async function byOwner(authd: Authd, browser: Browser) {
  await browser.post('/v1/me/email', { json: { email: NEW } })
  const code = (await authd.takeMail()).find(({ template }) => template === 'email_change')?.values['code']
  await browser.post('/v1/me/email/confirm', { json: { code } })
}

/** The owner changes the address, changes their mind, and restores it. */
async function andBack(authd: Authd, browser: Browser) {
  authd.clock.advance(MINUTE)
  await byOwner(authd, browser)
  const told = (await authd.takeMail()).find(({ template }) => template === 'email_changed')
  const token = new URL(told?.values['link'] ?? '').searchParams.get('token') ?? ''
  await authd.browser().post('/restore-email', { form: { token } })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  await authd.browser().post('/restore-email/code', { form: { token, code } })
}

/** A browser whose user has a passkey, an authenticator app and recovery codes. */
async function withEverything(authd: Authd, browser: Browser): Promise<void> {
  await enrolPasskey(browser, deviceFor(authd))
  await enrolTotp(authd, browser)
  await authd.takeMail()
}

/** Adds a user whose address was never proven, and signs them in with a recovery link. */
async function neverProven(authd: Authd): Promise<Browser> {
  await addUser(authd.deps, SYSTEM, { email: address(ADA), name: null, isVerified: false })
  const asked = { name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
  const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)
  const browser = authd.browser()
  await browser.post('/recover', { form: { token: new URL(url).searchParams.get('token') ?? '' } })
  return browser
}

describe.each(['sqlite', 'postgres'] as const)('a change of address keeps every factor due (%s)', (database) => {
  test.each<[string, string, (authd: Authd, browser: Browser) => Promise<void>]>([
    ['by an operator', NEW, (authd) => byOperator(authd, false)],
    ['by an operator who vouches for the new one', NEW, (authd) => byOperator(authd, true)],
    ['by an API key', NEW, byApiKey],
    ['by the owner', NEW, byOwner],
    ['that was undone', ADA, andBack],
  ])('%s', async (_, email, change) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await withEverything(authd, browser)
    await change(authd, browser)
    authd.clock.advance(MINUTE)

    const first = await signInAt(authd, email)
    authd.clock.advance(MINUTE)
    const second = await signInAt(authd, email)

    const due = { status: 'factor_required', factors: ['passkey', 'totp', 'recovery_code'] }
    expect([first, second]).toMatchObject([due, due])
  })

  test('a change after a first proof does not end sessions', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await enrolPasskey(browser, deviceFor(authd))
    await byOperator(authd, false)
    authd.clock.advance(MINUTE)

    await signInAt(authd, NEW)

    expect((await browser.get('/v1/session')).status).toBe(200)
  })
})

describe.each(['sqlite', 'postgres'] as const)('SECURITY: an operator moves a user off a mailbox (%s)', (database) => {
  const refused = async (browser: Browser) => [
    await browser.post('/v1/me/passkeys/options'),
    await browser.post('/v1/me/totp'),
    await browser.post('/v1/me/email', { json: { email: 'eve@example.com' } }),
    await browser.send('PATCH', '/v1/me', { json: { name: 'Eve' } }),
    await browser.send('DELETE', '/v1/me'),
    await browser.post('/v1/token'),
    await browser.get('/v1/me/export'),
  ]

  test.each<[string, (authd: Authd) => Promise<void>]>([
    ['as unproven', (authd) => byOperator(authd, false)],
    ['as verified', (authd) => byOperator(authd, true)],
    ['by API', byApiKey],
  ])('%s, and a session of the former mailbox does nothing until the new one proves it', async (_, move) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { refreshToken, accessToken: bearer } = await signInForTokens(authd)
    await move(authd)
    await authd.takeMail()

    const replies = await refused(browser)
    const app = await authd.browser().get('/v1/me', { bearer })
    const refreshed = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: refreshToken } })
    await browser.post('/v1/stepup/email')
    const mail = await authd.takeProofMail()
    const proven = await browser.post('/v1/stepup/code', { json: { code: mail?.values['code'] } })

    expect(replies.map(({ body }) => body.code)).toEqual(Array(7).fill('STEP_UP_REQUIRED'))
    expect([app.status, refreshed.status]).toEqual([403, 401])
    expect([mail?.to, proven.status]).toEqual([NEW, 200])
    expect((await browser.post('/v1/me/passkeys/options')).status).toBe(200)
  })

  test('and a session of mail and app keeps the app alone, and is not fresh', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { secret } = await enrolTotp(authd, browser)
    authd.clock.advance(MINUTE)
    await byOperator(authd, false)

    const session = await browser.get('/v1/session')
    const stepped = await browser.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    const begun = await browser.post('/v1/me/passkeys/options')

    expect(session.body.session).toMatchObject({ aal: 1, amr: ['otp'] })
    expect([stepped, begun].map(({ body }) => body.code)).toEqual(['STEP_UP_REQUIRED', 'STEP_UP_REQUIRED'])
    expect(begun.body.details).toEqual({ methods: ['email'] })
  })
})

test('the session says whether its address was proven', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await enrolPasskey(browser, deviceFor(authd))
  const before = (await browser.get('/v1/session')).body.user
  await byOperator(authd, false)
  const after = (await browser.get('/v1/session')).body.user

  expect(before).toMatchObject({ email: ADA, email_verified: true })
  expect(after).toMatchObject({ email: NEW, email_verified: false })
})

describe.each(['sqlite', 'postgres'] as const)('the first verified address drops earlier factors (%s)', (database) => {
  test.each<[string, string, (authd: Authd, browser: Browser) => Promise<void>]>([
    ['proven at a sign-in', ADA, async () => {}],
    ['proven at a sign-in, after an operator changed it', NEW, (authd) => byOperator(authd, false)],
    ['vouched for by an operator', NEW, (authd) => byOperator(authd, true)],
    ['proven at a change of address', NEW, byOwner],
  ])('%s', async (_, email, change) => {
    const authd = await startAuthd({ database })
    const hijacker = await neverProven(authd)
    await withEverything(authd, hijacker)
    await change(authd, hijacker)
    authd.clock.advance(MINUTE)

    const signedIn = await signInAt(authd, email)
    const left = await authd.deps.db.read((sql) =>
      sql.all(
        'SELECT user_id FROM passkeys UNION ALL SELECT user_id FROM totp_secrets UNION ALL SELECT user_id FROM recovery_codes',
      ),
    )

    expect(signedIn).toMatchObject({ status: 'complete', session: { aal: 1, amr: ['email'] } })
    expect(left).toEqual([])
  })

  test('and what they have proven, in the session that changes the address', async () => {
    const authd = await startAuthd({ database })
    const browser = await neverProven(authd)
    await withEverything(authd, browser)

    await byOwner(authd, browser)

    const { session } = (await browser.get('/v1/session')).body
    expect(session).toMatchObject({ aal: 1, amr: ['recovery_link'] })
  })

  test('and ends their sessions and forgets their devices', async () => {
    const authd = await startAuthd({ database })
    const hijacker = await neverProven(authd)

    await signInForTokens(authd)
    const devices = await authd.deps.db.read((sql) => sql.all('SELECT user_id FROM devices'))

    expect((await hijacker.get('/v1/session')).status).toBe(401)
    expect(devices).toEqual([])
  })
})

test('the first verified address ends recovery links that were made before', async () => {
  const authd = await startAuthd()
  await neverProven(authd)
  const asked = { name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
  const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)
  const form = { token: new URL(url).searchParams.get('token') ?? '' }
  const before = await authd.browser().get(`/recover?token=${form.token}`)

  await signInForTokens(authd)
  const used = await authd.browser().post('/recover', { form })

  expect([before.status, used.status]).toEqual([200, 410])
})

test('a user who was invited to prove a changed address can sign in after the invitation has expired', async () => {
  const authd = await startAuthd()
  await signInForTokens(authd)
  await byOperator(authd, false)
  await authd.deps.db.write((trx) => trx.run('UPDATE users SET invited_until = ?', [authd.clock.now()]))
  authd.clock.advance(MINUTE)

  expect(await signInAt(authd, NEW)).toMatchObject({ status: 'complete' })
})

test('an invited user whose address is proven needs no invitation after a later change', async () => {
  const authd = await startAuthd()
  const browser = await neverProven(authd)
  await authd.deps.db.write((trx) => trx.run('UPDATE users SET invited_until = ?', [authd.clock.now() + MINUTE]))
  await byOwner(authd, browser)
  authd.clock.advance(2 * MINUTE)
  await updateUser(authd.deps, SYSTEM, { user: NEW, email: address(ADA), isVerified: false })

  expect(await signInAt(authd, ADA)).toMatchObject({ status: 'complete' })
})
