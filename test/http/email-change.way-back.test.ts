import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { addUser } from '../../src/flows/users/add.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUsers, enableUsers } from '../../src/flows/users/disable.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import { type EmailAddress, parseEmailAddress } from '../../src/platform/email-address.ts'
import { findUserByEmail } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

const TYPO = 'daa@example.com'
const THIEF = 'thief@example.org'

function address(text: string): EmailAddress {
  const email = parseEmailAddress(text)
  if (!email) throw new Error(`${text} is not an address`)
  return email
}

const byOperator = (authd: Authd, user: string, email: string, isVerified = true) =>
  updateUser(authd.deps, SYSTEM, { user, email: address(email), isVerified })

async function byApiKey(authd: Authd, user: string, email: string): Promise<void> {
  const asked = { name: 'desk', scopes: ['users:read' as const, 'users:write' as const], expiresAt: null }
  const { token } = await createApiKey(authd.deps, SYSTEM, asked)
  const row = await authd.deps.db.read((sql) => findUserByEmail(sql, user))
  await authd.browser().send('PATCH', `/admin/users/${row?.id}`, { bearer: token, json: { email } })
}

async function byUser(authd: Authd, browser: Browser, email: string): Promise<void> {
  await browser.post('/v1/me/email', { json: { email } })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  await browser.post('/v1/me/email/confirm', { json: { code } })
}

/** A user who is signed in, but whose address was never proven. */
async function unproven(authd: Authd): Promise<Browser> {
  await addUser(authd.deps, SYSTEM, { email: address(TYPO), name: null, isVerified: false })
  const browser = authd.browser()
  await redeem(browser, await recoveryLink(authd, TYPO))
  await authd.takeMail()
  return browser
}

async function recoveryLink(authd: Authd, name: string): Promise<string> {
  const asked = { name, removes: ['passkey' as const, 'totp' as const], ttlMs: HOUR, mustEndSessions: false }
  return new URL((await makeRecoveryLink(authd.deps, SYSTEM, asked)).url).searchParams.get('token') ?? ''
}

const redeem = (browser: Browser, token: string) => browser.post('/recover', { form: { token } })

/** The mails about changed addresses: to whom, and the token of the link if there is one. */
async function toldOf(authd: Authd): Promise<{ to: string; token: string | undefined }[]> {
  const mails = (await authd.takeMail()).filter(({ template }) => template.startsWith('email_changed'))
  return mails.map(({ to = '', values }) => {
    const { link } = values as { link?: string }
    return { to, token: link === undefined ? undefined : (new URL(link).searchParams.get('token') ?? '') }
  })
}

async function restore(authd: Authd, token = ''): Promise<number> {
  const browser = authd.browser()
  await browser.post('/restore-email', { form: { token } })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  return (await browser.post('/restore-email/code', { form: { token, code } })).status
}

/** A thief changes Ada's address, and once more. */
async function stolen(authd: Authd) {
  const thief = authd.browser()
  await signInOnPage(authd, thief)
  await byUser(authd, thief, THIEF)
  const [owner] = await toldOf(authd)
  authd.clock.advance(MINUTE)
  await byUser(authd, thief, 'thief@example.net')
  const [former] = await toldOf(authd)
  authd.clock.advance(MINUTE)
  return { owner, former }
}

describe.each(['sqlite', 'postgres'] as const)('an address that nobody has proven (%s)', (database) => {
  test.each<[string, (authd: Authd, browser: Browser) => Promise<unknown>]>([
    ['an operator', (authd) => byOperator(authd, TYPO, ADA, false)],
    ['an operator who vouches for the new one', (authd) => byOperator(authd, TYPO, ADA)],
    ['an API key', (authd) => byApiKey(authd, TYPO, ADA)],
    ['the user', (authd, browser) => byUser(authd, browser, ADA)],
  ])('gets no mail and no way back once %s replaces it, nor a mail about a deletion', async (_, change) => {
    const authd = await startAuthd({ database })
    const browser = await unproven(authd)

    await change(authd, browser)
    const changed = await authd.takeMail()
    const ways = await authd.deps.db.read((sql) => sql.all('SELECT id FROM email_changes'))
    const user = await authd.deps.db.read((sql) => findUserByEmail(sql, ADA))
    await removeUser(authd.deps, SYSTEM, { id: user?.id ?? '' })
    const deleted = await authd.takeMail()

    expect(user).toBeDefined()
    expect(ways).toEqual([])
    expect([...changed, ...deleted].filter(({ to }) => to === TYPO)).toEqual([])
  })

  test('gets none either if an earlier address of the user was proven', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    await byOperator(authd, ADA, TYPO, false)
    const [first] = await toldOf(authd)
    await byOperator(authd, TYPO, 'ada@example.net', false)

    expect(first?.to).toBe(ADA)
    expect(await toldOf(authd)).toEqual([])
  })
})

describe.each(['sqlite', 'postgres'] as const)('a change of address by an operator (%s)', (database) => {
  test.each<[string, (authd: Authd) => Promise<unknown>]>([
    ['at the command line', (authd) => byOperator(authd, ADA, 'ada@example.net')],
    ['by an API key', (authd) => byApiKey(authd, ADA, 'ada@example.net')],
  ])(
    '%s is told to the former address, whose mailbox may be broken into, and gives it no way back',
    async (_, change) => {
      const authd = await startAuthd({ database })
      await signInForTokens(authd)

      await change(authd)
      const told = await toldOf(authd)
      const ways = await authd.deps.db.read((sql) => sql.all('SELECT id FROM email_changes WHERE restored_at IS NULL'))

      expect(told).toEqual([{ to: ADA, token: undefined }])
      expect(ways).toEqual([])
    },
  )

  test('that repairs a theft of more than a week ago cannot be undone by the thief', async () => {
    const authd = await startAuthd({ database })
    const { owner } = await stolen(authd)
    authd.clock.advance(8 * DAY)

    await byOperator(authd, 'thief@example.net', ADA)
    const told = await toldOf(authd)

    expect(told).toEqual([{ to: 'thief@example.net', token: undefined }])
    expect(await restore(authd, owner?.token)).toBe(410)
  })

  test.each([
    ['to the former address', ADA],
    ['to another one', 'ada@example.net'],
  ])('while an earlier change can be undone, %s, cannot be undone by a thief', async (_, email) => {
    const authd = await startAuthd({ database })
    const { owner, former } = await stolen(authd)

    await byOperator(authd, 'thief@example.net', email)
    const told = await toldOf(authd)
    const undone = await restore(authd, former?.token)
    const user = await authd.deps.db.read((sql) => findUserByEmail(sql, email))

    expect([owner?.to, former?.to]).toEqual([ADA, THIEF])
    expect(told).toEqual([{ to: 'thief@example.net', token: undefined }])
    expect(undone).toBe(410)
    expect(user).toBeDefined()
    expect(await restore(authd, owner?.token)).toBe(303)
  })

  test('ends no way back of another user', async () => {
    const authd = await startAuthd({ database })
    const bob = authd.browser()
    await signInOnPage(authd, bob, 'bob@example.com')
    await byUser(authd, bob, 'bob@example.org')
    const [own] = await toldOf(authd)
    await stolen(authd)

    await byOperator(authd, 'thief@example.net', ADA)

    expect(await restore(authd, own?.token)).toBe(303)
  })
})

describe.each(['sqlite', 'postgres'] as const)('a recovery link from before (%s)', (database) => {
  test('does not work after a former address is restored', async () => {
    const authd = await startAuthd({ database })
    const { owner } = await stolen(authd)
    const link = await recoveryLink(authd, 'thief@example.net')
    await restore(authd, owner?.token)

    expect((await redeem(authd.browser(), link)).status).toBe(410)
  })

  test.each<[string, string, (authd: Authd, browser: Browser) => Promise<unknown>]>([
    ['at a sign-in', TYPO, (authd) => signInForTokens(authd, TYPO)],
    ['by the word of an operator', ADA, (authd) => byOperator(authd, TYPO, ADA)],
    ['at a change of address', ADA, (authd, browser) => byUser(authd, browser, ADA)],
  ])('does not work after the first address is verified %s', async (_, email, verify) => {
    const authd = await startAuthd({ database })
    const browser = await unproven(authd)
    const link = await recoveryLink(authd, TYPO)

    await verify(authd, browser)
    const user = await authd.deps.db.read((sql) => findUserByEmail(sql, email))

    expect(user?.emailVerifiedAt).not.toBeNull()
    expect((await redeem(authd.browser(), link)).status).toBe(410)
  })
})

test('the address of a disabled user can be restored only once an operator has enabled the user', async () => {
  const authd = await startAuthd()
  const { owner } = await stolen(authd)
  await authd.takeMail()
  const names = ['thief@example.net']
  await disableUsers(authd.deps, SYSTEM, { names, reason: null })

  const page = await authd.browser().get(`/restore-email?token=${owner?.token}`)
  const refused = await restore(authd, owner?.token)
  await enableUsers(authd.deps, SYSTEM, { names })

  expect([page.status, refused]).toEqual([410, 410])
  expect(await restore(authd, owner?.token)).toBe(303)
})
