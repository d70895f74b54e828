import { describe, expect, test } from 'vitest'
import { beginLockdown, endLockdown } from '../../src/flows/operator/lockdown.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { disableUsers } from '../../src/flows/users/disable.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { DAY } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, signInForTokens, signInOnPage } from '../support/people.ts'

const CONFIG = { config: { signup: { policy: 'invite' } } }

async function invite(authd: Authd, email = ADA) {
  const address = parseEmailAddress(email)
  if (!address) throw new Error('no address')
  const asked = { emails: [address], ttlMs: 3 * DAY, lang: 'en', mustSend: true, name: null }
  const [made] = await inviteUsers(authd.deps, SYSTEM, asked)
  const mail = await authd.takeProofMail()
  return { mail, token: new URL(made?.url ?? 'http://no.link').searchParams.get('token') ?? '' }
}

test('with sign-up by invitation, an unknown address gets the same answer but no mail', async () => {
  const authd = await startAuthd(CONFIG)
  await invite(authd)

  const stranger = await authd.browser().post('/v1/signin', { json: { email: 'eve@example.com' } })
  const invited = await authd.browser().post('/v1/signin', { json: { email: ADA } })
  const mails = await authd.takeMail()

  expect(Object.keys(stranger.body)).toEqual(Object.keys(invited.body))
  expect(mails.map(({ to }) => to)).toEqual([ADA])
})

test('an invitation is mailed, and its button begins an ordinary sign-in at the invited address', async () => {
  const authd = await startAuthd(CONFIG)
  const { mail, token } = await invite(authd)
  const browser = authd.browser()

  const page = await browser.get(`/invite?token=${token}`)
  const accepted = await browser.post('/invite', { form: { token } })
  const signin = await authd.takeProofMail()
  const attempt = accepted.headers.get('Location')?.split('attempt=')[1] ?? ''
  await browser.post('/signin/code', { form: { attempt, code: signin?.values['code'] ?? '' } })

  expect(mail).toMatchObject({ to: ADA, template: 'invitation' })
  expect(page.body.replaceAll('<wbr>', '')).toContain(ADA)
  expect(signin).toMatchObject({ to: ADA, template: 'signin' })
  expect((await browser.get('/v1/me')).body).toMatchObject({ email: ADA, email_verified: true })
})

test('an invitation alone does not sign in, so forwarding it gives nobody access', async () => {
  const authd = await startAuthd(CONFIG)
  const { token } = await invite(authd)
  const thief = authd.browser()

  await thief.post('/invite', { form: { token } })

  expect((await thief.get('/v1/session')).status).toBe(401)
})

test('an expired invitation does not open, and its permission to sign up is gone', async () => {
  const authd = await startAuthd(CONFIG)
  const { token } = await invite(authd)
  const { attemptToken: attempt_token, code } = await askForCode(authd)
  authd.clock.advance(3 * DAY)

  const page = await authd.browser().get(`/invite?token=${token}`)
  await authd.browser().post('/v1/signin', { json: { email: ADA } })
  const late = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token } })

  expect(page.status).toBe(410)
  expect(await authd.takeMail()).toEqual([])
  expect(late.status).toBe(401)
})

test('an existing user gets no invitation', async () => {
  const authd = await startAuthd(CONFIG)
  await invite(authd)
  await signInForTokens(authd)

  await expect(invite(authd)).rejects.toMatchObject({ code: 'CONFLICT' })
})

const NEW = 'ada@example.org'

const changeTo = (authd: Authd, isVerified: boolean) =>
  updateUser(authd.deps, SYSTEM, { user: ADA, email: parseEmailAddress(NEW), isVerified })

async function changeAndRestore(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/v1/me/email', { json: { email: NEW } })
  await browser.post('/v1/me/email/confirm', { json: { code: (await authd.takeProofMail())?.values['code'] } })
  const told = (await authd.takeMail()).find(({ template }) => template === 'email_changed')
  const token = new URL(told?.values['link'] ?? '').searchParams.get('token') ?? ''
  await browser.post('/restore-email', { form: { token } })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  const restored = await browser.post('/restore-email/code', { form: { token, code } })
  if (restored.status !== 303) throw new Error(`the address was not restored: ${restored.status}`)
}

const ENDS: Record<string, (authd: Authd) => Promise<unknown>> = {
  'the user is disabled': (authd) => disableUsers(authd.deps, SYSTEM, { names: [ADA], reason: null }),
  'the address is proven': (authd) => signInForTokens(authd),
  'the address is proven, and replaced by an unproven one': async (authd) => {
    await signInForTokens(authd)
    await changeTo(authd, false)
  },
  'an operator changes the address': (authd) => changeTo(authd, false),
  'an operator changes the address and vouches for it': (authd) => changeTo(authd, true),
  'the address is proven, changed and restored': changeAndRestore,
}

describe.each(['sqlite', 'postgres'] as const)(
  'a forwarded invitation shows no address and mails nobody (%s)',
  (database) => {
    test.each(Object.entries(ENDS))('once %s', async (_, end) => {
      const authd = await startAuthd({ ...CONFIG, database })
      const { token } = await invite(authd)
      await end(authd)
      await authd.takeMail()

      const page = await authd.browser().get(`/invite?token=${token}`)
      const accepted = await authd.browser().post('/invite', { form: { token } })

      expect([page.status, accepted.status]).toEqual([410, 410])
      expect(page.body).not.toContain('ada@')
      expect(await authd.takeMail()).toEqual([])
    })
  },
)

test('an invited user whose address an operator corrected signs up at the new one, and can be invited there', async () => {
  const authd = await startAuthd(CONFIG)
  await invite(authd)
  await changeTo(authd, false)

  const { token } = await invite(authd, NEW)
  const page = await authd.browser().get(`/invite?token=${token}`)
  const { accessToken } = await signInForTokens(authd, NEW)

  expect(page.body.replaceAll('<wbr>', '')).toContain(NEW)
  expect(accessToken).toBeDefined()
})

describe.each(['sqlite', 'postgres'] as const)('a user whose invitation is over (%s)', (database) => {
  test.each([
    ['open', true],
    ['domains', true],
    ['invite', false],
    ['closed', false],
  ])('may sign in under signup.policy "%s" as a stranger may: %j', async (policy, isAllowed) => {
    const domains = policy === 'domains' ? { domains: ['example.com'] } : {}
    const authd = await startAuthd({ database, config: { signup: { policy, ...domains } } })
    await invite(authd)
    authd.clock.advance(3 * DAY)

    const stranger = await signInForTokens(authd, 'eve@example.com').catch(() => undefined)
    const user = await signInForTokens(authd).catch(() => undefined)

    expect([stranger !== undefined, user !== undefined]).toEqual([isAllowed, isAllowed])
  })

  test('may sign in again after a lockdown, where any stranger may', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'open' } } })
    await invite(authd)
    await beginLockdown(authd.deps, SYSTEM, { reason: null, keepSessions: true })
    await endLockdown(authd.deps, SYSTEM)

    await signInForTokens(authd)
  })

  test('stays out while disabled', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'open' } } })
    await invite(authd)
    authd.clock.advance(3 * DAY)
    await disableUsers(authd.deps, SYSTEM, { names: [ADA], reason: null })

    await authd.browser().post('/v1/signin', { json: { email: ADA } })

    expect(await authd.takeMail()).toEqual([])
  })
})
