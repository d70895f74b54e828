import { expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const RESTORE = `emc_${'0'.repeat(26)}.${'A'.repeat(43)}`

async function invitation(authd: Authd): Promise<string> {
  const email = parseEmailAddress('new@example.com')
  if (!email) throw new Error('no address')
  const asked = { emails: [email], ttlMs: 3 * DAY, lang: 'en', mustSend: true, name: null }
  const [made] = await inviteUsers(authd.deps, SYSTEM, asked)
  return new URL(made?.url ?? '').searchParams.get('token') ?? ''
}

async function recovery(authd: Authd): Promise<string> {
  await signInOnPage(authd, authd.browser())
  const asked = { name: ADA, removes: [], ttlMs: 15 * MINUTE, mustEndSessions: false }
  return new URL((await makeRecoveryLink(authd.deps, SYSTEM, asked)).url).searchParams.get('token') ?? ''
}

test.for(['GET', 'POST'])(
  'an invitation that has expired says since when and who can send another (%s)',
  async (method) => {
    const authd = await startAuthd()
    const token = await invitation(authd)
    authd.clock.advance(3 * DAY + 2 * HOUR)

    const form = method === 'POST' ? { form: { token } } : {}
    const { status, body } = await authd.browser().send(method, `/invite?token=${token}`, form)

    expect(status).toBe(410)
    expect(body).toContain('This invitation no longer works')
    expect(body).toContain('It ended 2 hours ago.')
    expect(body).toContain('who invited you to send another')
    expect(body).toContain('href="/signin"')
    expect(body).not.toMatch(/a few minutes|Ask for a new mail/)
  },
)

test.for(['GET', 'POST'])(
  'a recovery link that has expired says since when and who can make another (%s)',
  async (method) => {
    const authd = await startAuthd()
    const token = await recovery(authd)
    authd.clock.advance(20 * MINUTE)

    const form = method === 'POST' ? { form: { token } } : {}
    const { status, body } = await authd.browser().send(method, `/recover?token=${token}`, form)

    expect(status).toBe(410)
    expect(body).toContain('It ended 5 minutes ago.')
    expect(body).toMatch(/ask an operator of \w+ for another link/)
  },
)

test('SECURITY: a link that is not genuine does not tell when the real one ended', async () => {
  const authd = await startAuthd()
  const [id] = (await recovery(authd)).split('.')
  const [invitationId] = (await invitation(authd)).split('.')
  authd.clock.advance(4 * DAY)

  const guesses = [`/recover?token=${id}.${'A'.repeat(43)}`, `/invite?token=${invitationId}.${'A'.repeat(43)}`]
  const answers = await Promise.all(guesses.map((path) => authd.browser().get(path)))

  expect(answers.map(({ status }) => status)).toEqual([410, 410])
  expect(answers.filter(({ body }) => body.includes('It ended'))).toEqual([])
})

test.for([
  ['GET', '/restore-email'],
  ['POST', '/restore-email'],
  ['POST', '/restore-email/code'],
] as const)(
  'a link that undoes a change of address has its own sentences when it is over: %s %s',
  async ([method, path]) => {
    const authd = await startAuthd()

    const form = method === 'POST' ? { form: { token: RESTORE, code: '000000' } } : {}
    const { status, body } = await authd.browser().send(method, `${path}?token=${RESTORE}`, form)

    expect([status, body.includes('within 7 days')]).toEqual([410, true])
  },
)
