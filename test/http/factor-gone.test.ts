import { describe, expect, test } from 'vitest'
import { listPasskeysOf, removePasskeyOf, resetRecoveryCodes, resetTotp } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { DAY, MINUTE } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, signInWithPasskey, totpCode, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import { ADA, signInOnPage } from '../support/people.ts'

/** The thief has signed in with something of Ada's; `act` is what makes that worthless, a minute later. */
interface Theft {
  thief: Browser
  act: () => Promise<unknown>
}

async function withStolenPasskey(authd: Authd): Promise<Browser> {
  const { device } = await withPasskey(authd)
  const thief = authd.browser()
  await signInWithPasskey(thief, device)
  return thief
}

/** Ada and the thief are both signed in by mail and an authenticator app; the codes are Ada's recovery codes. */
async function withStolenApp(authd: Authd) {
  const ada = authd.browser()
  await signInOnPage(authd, ada)
  const { secret, recoveryCodes } = await enrolTotp(authd, ada)
  authd.clock.advance(DAY)
  await ada.get('/v1/session')
  const thief = authd.browser()
  await signInOnPage(authd, thief)
  return { ada, thief, secret, recoveryCodes }
}

const THEFTS: Record<string, (authd: Authd) => Promise<Theft>> = {
  'the operator removes the stolen passkey': async (authd) => {
    const thief = await withStolenPasskey(authd)
    const { user, passkeys } = await listPasskeysOf(authd.deps, ADA)
    const [passkey] = passkeys
    if (!passkey) throw new Error('Ada has no passkey')
    return { thief, act: () => removePasskeyOf(authd.deps, SYSTEM, { user, passkey }) }
  },
  'a recovery link removes the stolen passkey': async (authd) => {
    const { device } = await withPasskey(authd)
    const asked = { name: ADA, removes: ['passkey' as const], ttlMs: 15 * MINUTE, mustEndSessions: true }
    const link = await makeRecoveryLink(authd.deps, SYSTEM, asked)
    const thief = authd.browser()
    await signInWithPasskey(thief, device)
    const token = new URL(link.url).searchParams.get('token') ?? ''
    return { thief, act: () => authd.browser().post('/recover', { form: { token } }) }
  },
  'the operator resets the app': async (authd) => {
    const { thief, secret } = await withStolenApp(authd)
    await thief.post('/v1/signin/totp', { json: { code: totpCode(authd, secret) } })
    // The mail of the sign-in is a proof of its own. It is old when the app is proven again.
    authd.clock.advance(DAY)
    await thief.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    const ada = await resolveUser(authd.deps, ADA)
    return { thief, act: () => resetTotp(authd.deps, SYSTEM, ada) }
  },
  'Ada replaces the app': async (authd) => {
    const { ada, thief, secret } = await withStolenApp(authd)
    await thief.post('/v1/signin/totp', { json: { code: totpCode(authd, secret) } })
    authd.clock.advance(MINUTE)
    await ada.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    return { thief, act: () => enrolTotp(authd, ada) }
  },
  'Ada makes new recovery codes': async (authd) => {
    const { ada, thief, secret, recoveryCodes } = await withStolenApp(authd)
    await thief.post('/v1/signin/recovery-code', { json: { code: recoveryCodes[0] } })
    await ada.post('/v1/stepup/totp', { json: { code: totpCode(authd, secret) } })
    return { thief, act: () => ada.post('/v1/me/recovery-codes') }
  },
  'the operator resets the recovery codes': async (authd) => {
    const { thief, recoveryCodes } = await withStolenApp(authd)
    await thief.post('/v1/signin/recovery-code', { json: { code: recoveryCodes[0] } })
    const ada = await resolveUser(authd.deps, ADA)
    return { thief, act: () => resetRecoveryCodes(authd.deps, SYSTEM, ada) }
  },
}

const codeOf = ({ body }: Reply) => body.code

describe.each(['sqlite', 'postgres'] as const)('SECURITY: what a factor proved ends with it (%s)', (database) => {
  test.each(Object.keys(THEFTS))('after %s, the thief changes nothing', async (name) => {
    const authd = await startAuthd({ database })
    const theft = await THEFTS[name]?.(authd)
    if (!theft) throw new Error(name)
    const { thief, act } = theft
    expect((await thief.get('/v1/session')).body.session.aal).toBe(2)
    authd.clock.advance(MINUTE)

    await act()

    const session = await thief.get('/v1/session')
    expect(session.body.session?.aal ?? 0).toBeLessThan(2)
    expect(codeOf(await thief.post('/v1/me/totp'))).toBe('STEP_UP_REQUIRED')
    expect(codeOf(await thief.post('/v1/me/passkeys/options'))).toBe('STEP_UP_REQUIRED')
    expect(codeOf(await thief.post('/v1/me/email', { json: { email: 'thief@example.com' } }))).toBe('STEP_UP_REQUIRED')
    expect((await thief.send('DELETE', '/v1/me')).status).toBe(403)
  })
})

describe('a session whose only proof is gone', () => {
  test('can be proven again by mail, as long as nothing else is enrolled', async () => {
    const authd = await startAuthd()
    const browser = await withStolenPasskey(authd)
    const passkeys = await browser.get('/v1/me/passkeys')
    await browser.send('DELETE', `/v1/me/passkeys/${passkeys.body[0].id}`)

    expect(await browser.get('/v1/me/export')).toMatchObject({
      status: 403,
      body: { code: 'STEP_UP_REQUIRED', details: { methods: ['email'] } },
    })
    await authd.takeMail()
    await browser.post('/v1/stepup/email')
    const code = (await authd.takeProofMail())?.values['code']
    expect((await browser.post('/v1/stepup/code', { json: { code } })).status).toBe(200)
    expect((await browser.get('/v1/session')).body.session).toMatchObject({ aal: 1, amr: ['email'] })
  })

  test('is over once a factor is enrolled, because a mail must not pass it by', async () => {
    const authd = await startAuthd()
    const browser = await withStolenPasskey(authd)
    const { user, passkeys } = await listPasskeysOf(authd.deps, ADA)
    for (const passkey of passkeys) await removePasskeyOf(authd.deps, SYSTEM, { user, passkey })
    const owner = authd.browser()
    await signInOnPage(authd, owner)
    await enrolPasskey(owner, deviceFor(authd))

    expect((await browser.get('/v1/session')).status).toBe(401)
    expect((await browser.post('/v1/stepup/email')).status).toBe(401)
  })
})
