import { describe, expect, test } from 'vitest'
import type { Factor } from '../../src/flows/policy/factor.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, signInWithPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInOnPage } from '../support/people.ts'

async function linkFor(authd: Authd, removes: Factor[], mustEndSessions = false): Promise<string> {
  const asked = { name: ADA, removes, ttlMs: 15 * MINUTE, mustEndSessions }
  const { url } = await makeRecoveryLink(authd.deps, SYSTEM, asked)
  return new URL(url).searchParams.get('token') ?? ''
}

/** A user with a passkey, an authenticator app and recovery codes. */
async function withEverything(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const device = deviceFor(authd)
  await enrolPasskey(browser, device)
  await enrolTotp(authd, browser)
  await authd.takeMail()
  return { browser, device }
}

describe.each(['sqlite', 'postgres'] as const)('a recovery link on %s', (database) => {
  test('signs in once, by its button, and removes the factors that the operator named', async () => {
    const authd = await startAuthd({ database })
    const { browser, device } = await withEverything(authd)
    const token = await linkFor(authd, ['passkey', 'totp', 'recovery_code'])
    const owner = authd.browser()

    const page = await owner.get(`/recover?token=${token}`)
    const before = await browser.get('/v1/me/passkeys')
    const racers = await Promise.all(
      Array.from({ length: 10 }, () => authd.browser().post('/recover', { form: { token } })),
    )
    const after = await browser.get('/v1/me/passkeys')

    expect(page.body).toContain('your passkeys')
    expect(before.body).toHaveLength(1)
    expect(racers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(racers.filter(({ status }) => status === 410)).toHaveLength(9)
    expect(after.body).toEqual([])
    expect((await signInWithPasskey(authd.browser(), device)).status).toBe(401)
    expect((await authd.takeMail()).map(({ template }) => template)).toContain('recovery_link_used')
  })

  test('still requires a factor that it does not name', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withEverything(authd)
    const token = await linkFor(authd, ['totp'])
    const owner = authd.browser()

    const used = await owner.post('/recover', { form: { token } })
    const before = await owner.get('/v1/session')
    const factorPage = await owner.get(used.headers.get('Location') ?? '')
    const asked = await owner.post('/v1/signin/passkey/options', { json: {} })
    const credential = device.sign(asked.body.options)
    await owner.post('/v1/signin/passkey', { json: { challenge_id: asked.body.challenge_id, credential } })

    expect(used.headers.get('Location')).toMatch(/^\/signin\/factor\?attempt=att_/)
    expect(before.status).toBe(401)
    expect(factorPage.body).toContain('Use a passkey')
    expect((await owner.get('/v1/session')).body.session.amr).toEqual(['recovery_link', 'passkey', 'mfa'])
  })
})

test('a recovery link expires after 15 minutes or with a newer one, and viewing it does not use it', async () => {
  const authd = await startAuthd()
  await withEverything(authd)
  const older = await linkFor(authd, ['totp'])
  const newer = await linkFor(authd, ['totp'])

  const replaced = await authd.browser().get(`/recover?token=${older}`)
  const looks = await Promise.all(Array.from({ length: 3 }, () => authd.browser().get(`/recover?token=${newer}`)))
  authd.clock.advance(15 * MINUTE)
  const late = await authd.browser().post('/recover', { form: { token: newer } })

  expect(replaced.status).toBe(410)
  expect(looks.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(late.status).toBe(410)
})

test('a recovery link may end all sessions, and both are in the audit log', async () => {
  const authd = await startAuthd()
  const { browser } = await withEverything(authd)

  const token = await linkFor(authd, ['passkey'], true)
  await authd.browser().post('/recover', { form: { token } })
  const log = (await authd.auditLog()).filter(({ eventType }) => eventType.startsWith('user.recovery_link'))

  expect((await browser.get('/v1/session')).status).toBe(401)
  expect(log.map(({ eventType, metadata }) => [eventType, metadata['removes'] ?? metadata['dropped']])).toEqual([
    ['user.recovery_link_made', ['passkey']],
    ['user.recovery_link_used', ['passkey']],
  ])
})
