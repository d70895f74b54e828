import { generateSync } from 'otplib'
import { type Clock, toSeconds } from '../../src/platform/clock.ts'
import type { Authd } from './harness.ts'
import type { Browser, Reply } from './http-client.ts'
import { PasskeyDevice, type Tamper } from './passkey-device.ts'
import { signInOnPage } from './people.ts'

/** What shows the time to an authenticator app. */
type Timed = { clock: Clock }

/** An authenticator for this deployment. */
export function deviceFor(
  authd: Pick<Authd, 'url'>,
  options: Partial<ConstructorParameters<typeof PasskeyDevice>[0]> = {},
): PasskeyDevice {
  return new PasskeyDevice({ rpId: new URL(authd.url).hostname, origin: new URL(authd.url).origin, ...options })
}

/** Adds a passkey to the user of this browser. */
export async function enrolPasskey(browser: Browser, device: PasskeyDevice): Promise<Reply> {
  const asked = await browser.post('/v1/me/passkeys/options')
  const credential = device.register(asked.body.options)
  return await browser.post('/v1/me/passkeys', { json: { challenge_id: asked.body.challenge_id, credential } })
}

/** Sets up an authenticator app for the user of this browser. Returns its secret and the recovery codes. */
export async function enrolTotp(authd: Timed, browser: Browser): Promise<{ secret: string; recoveryCodes: string[] }> {
  const { body } = await browser.post('/v1/me/totp')
  const confirmed = await browser.post('/v1/me/totp/confirm', { json: { code: totpCode(authd, body.secret) } })
  return { secret: body.secret, recoveryCodes: confirmed.body.recovery_codes }
}

/** The code that the app shows now, or some steps later. */
export function totpCode(authd: Timed, secret: string, steps = 0): string {
  return generateSync({ secret, epoch: toSeconds(authd.clock.now()) + steps * 30 })
}

/** A browser whose user has just added a passkey of this device. */
export async function withPasskey(
  authd: Authd,
  { email, ...options }: { email?: string } & Parameters<typeof deviceFor>[1] = {},
): Promise<{ browser: Browser; device: PasskeyDevice }> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, email)
  const device = deviceFor(authd, options)
  const added = await enrolPasskey(browser, device)
  if (added.status !== 201) throw new Error(`the passkey was not added: ${added.status}`)
  return { browser, device }
}

/** A challenge for a browser that starts a sign-in, with or without an address. */
export async function askPasskey(browser: Browser, email?: string): Promise<Reply['body']> {
  await browser.post('/v1/signin', { json: { deliver: 'cookie', ...(email && { email }) } })
  return (await browser.post('/v1/signin/passkey/options', { json: {} })).body
}

export async function answerPasskey(
  browser: Browser,
  device: PasskeyDevice,
  asked: Reply['body'],
  tamper?: Tamper,
): Promise<Reply> {
  const credential = device.sign(asked.options, tamper)
  return await browser.post('/v1/signin/passkey', { json: { challenge_id: asked.challenge_id, credential } })
}

/** Signs in with a passkey only. */
export async function signInWithPasskey(browser: Browser, device: PasskeyDevice): Promise<Reply> {
  return await answerPasskey(browser, device, await askPasskey(browser))
}
