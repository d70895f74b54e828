import { MINUTE, SECOND } from '../../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, totpCode } from '../../support/factors.ts'
import type { Authd } from '../../support/harness.ts'
import { askForCode } from '../../support/people.ts'
import type { Attacker, World } from './world.ts'

/** What a request needs to succeed. */
export interface Prepared {
  /** The id in the path. */
  id?: string | undefined
  body?: Record<string, unknown>
}

/** How the attacker succeeds with a route for which the document's example is not enough. */
export const RECIPES: Record<string, (authd: Authd, me: Attacker) => Promise<Prepared>> = {
  'POST /v1/signin/email': async (authd, me) => {
    const { attempt_token } = await begin(authd, { email: me.email })
    authd.clock.advance(2 * MINUTE)
    return { body: { attempt_token } }
  },
  'POST /v1/signin/link': async (authd, me) => {
    const { attempt_token } = await begin(authd, { email: me.email, deliver: 'cookie' })
    const link = new URL((await authd.takeProofMail())?.values['link'] ?? 'http://no.link')
    return { body: { token: link.searchParams.get('token'), attempt_token } }
  },
  'POST /v1/signin/code': async (authd, me) => {
    const { attemptToken, code } = await askForCode(authd, me.email)
    return { body: { code, attempt_token: attemptToken } }
  },
  'POST /v1/signin/passkey/options': async (authd) => {
    const { attempt_token } = await begin(authd, {})
    return { body: { attempt_token } }
  },
  'POST /v1/signin/passkey': async (authd, me) => {
    const device = deviceFor(authd)
    await enrolPasskey(me.browser, device)
    const { attempt_token } = await begin(authd, {})
    const asked = await authd.browser().post('/v1/signin/passkey/options', { json: { attempt_token } })
    return {
      body: { challenge_id: asked.body.challenge_id, credential: device.sign(asked.body.options), attempt_token },
    }
  },
  'POST /v1/signin/totp': async (authd, me) => {
    const { secret } = await enrolTotp(authd, me.browser)
    const attempt_token = await proveMail(authd, me)
    authd.clock.advance(30 * SECOND)
    return { body: { code: totpCode(authd, secret), attempt_token } }
  },
  'POST /v1/signin/recovery-code': async (authd, me) => {
    const { recoveryCodes } = await enrolTotp(authd, me.browser)
    return { body: { code: recoveryCodes[0], attempt_token: await proveMail(authd, me) } }
  },
  'POST /v1/stepup/code': async (authd, me) => {
    await me.browser.post('/v1/stepup/email')
    return { body: { code: (await authd.takeProofMail())?.values['code'] } }
  },
  'POST /v1/stepup/totp': async (authd, me) => {
    const { secret } = await enrolTotp(authd, me.browser)
    authd.clock.advance(30 * SECOND)
    return { body: { code: totpCode(authd, secret) } }
  },
  'POST /v1/stepup/recovery-code': async (authd, me) => {
    const { recoveryCodes } = await enrolTotp(authd, me.browser)
    return { body: { code: recoveryCodes[0] } }
  },
  'POST /v1/stepup/passkey/options': async (authd, me) => {
    await enrolPasskey(me.browser, deviceFor(authd))
    return {}
  },
  'POST /v1/stepup/passkey': async (authd, me) => {
    const device = deviceFor(authd)
    await enrolPasskey(me.browser, device)
    const { body } = await me.browser.post('/v1/stepup/passkey/options')
    return { body: { challenge_id: body.challenge_id, credential: device.sign(body.options) } }
  },
  'DELETE /v1/me/sessions/:id': async (_, me) => ({ id: (await me.tokens()).sessionId }),
  'POST /v1/me/email/confirm': async (authd, me) => {
    await me.browser.post('/v1/me/email', { json: { email: `new.${me.email}` } })
    return { body: { code: (await authd.takeProofMail())?.values['code'] } }
  },
  'POST /v1/me/passkeys': async (authd, me) => {
    const { body } = await me.browser.post('/v1/me/passkeys/options')
    return { body: { challenge_id: body.challenge_id, credential: deviceFor(authd).register(body.options) } }
  },
  'PATCH /v1/me/passkeys/:id': async (authd, me) => ({ id: await ownPasskey(authd, me), body: { name: 'mine' } }),
  'DELETE /v1/me/passkeys/:id': async (authd, me) => ({ id: await ownPasskey(authd, me) }),
  'POST /v1/me/totp/confirm': async (authd, me) => {
    const { body } = await me.browser.post('/v1/me/totp')
    return { body: { code: totpCode(authd, body.secret) } }
  },
  'DELETE /v1/me/totp': async (authd, me) => {
    await enrolTotp(authd, me.browser)
    return {}
  },
  'POST /v1/me/recovery-codes': async (authd, me) => {
    await enrolTotp(authd, me.browser)
    return {}
  },
  'POST /admin/users': async (_, me) => ({ body: { email: `added.${me.email}`, name: 'Grace' } }),
  'PATCH /admin/users/:id': async (_, me) => ({ body: { email: `moved.${me.email}`, mfa_policy: 'required' } }),
  'POST /v1/token/refresh': async (_, me) => ({ body: { refresh_token: (await me.tokens()).refreshToken } }),
  'POST /v1/token/revoke': async (_, me) => ({ body: { token: (await me.tokens()).refreshToken } }),
  'POST /v1/token/introspect': async (_, me) => ({ body: { token: (await me.tokens()).accessToken } }),
}

/** The id in the path of an admin route. */
export async function adminId(world: World, path: string): Promise<string | undefined> {
  const place = path.split('/').findIndex((part) => part.startsWith(':'))
  return place === -1 ? undefined : (await world.objects())(path).split('/')[place]
}

async function begin(authd: Authd, json: object): Promise<{ attempt_token: string }> {
  return (await authd.browser().post('/v1/signin', { json })).body
}

/** An attempt that waits for a second factor. */
async function proveMail(authd: Authd, { email }: Attacker): Promise<string> {
  const { attemptToken, code } = await askForCode(authd, email)
  await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })
  return attemptToken
}

async function ownPasskey(authd: Authd, me: Attacker): Promise<string> {
  return (await enrolPasskey(me.browser, deviceFor(authd))).body.passkey.id
}
