import { generateSync } from 'otplib'
import { toSeconds } from '../../src/platform/clock.ts'
import type { Authd } from './harness.ts'
import type { Browser, Reply } from './http-client.ts'
import { PasskeyDevice, type Tamper } from './passkey-device.ts'
import { signInOnPage } from './people.ts'

/** An authenticator that stands before this deployment. */
export function deviceFor(
  authd: Authd,
  options: Partial<ConstructorParameters<typeof PasskeyDevice>[0]> = {},
): PasskeyDevice {
  return new PasskeyDevice({ rpId: new URL(authd.url).hostname, origin: new URL(authd.url).origin, ...options })
}

/** Adds a passkey to whoever is signed in at this browser. */
export async function enrolPasskey(browser: Browser, device: PasskeyDevice): Promise<Reply> {
  const asked = await browser.post('/v1/me/passkeys/options')
  const credential = device.register(asked.body.options)
  return await browser.post('/v1/me/passkeys', { json: { challenge_id: asked.body.challenge_id, credential } })
}

/** Sets up an authenticator app for whoever is signed in at this browser; answers its secret and the recovery codes. */
export async function enrolTotp(authd: Authd, browser: Browser): Promise<{ secret: string; recoveryCodes: string[] }> {
  const { body } = await browser.post('/v1/me/totp')
  const confirmed = await browser.post('/v1/me/totp/confirm', { json: { code: totpCode(authd, body.secret) } })
  return { secret: body.secret, recoveryCodes: confirmed.body.recovery_codes }
}

/** What the app shows at the deployment's time, or some steps later. */
export function totpCode(authd: Authd, secret: string, steps = 0): string {
  return generateSync({ secret, epoch: toSeconds(authd.clock.now()) + steps * 30 })
}

/** A browser whose person has just added a passkey of this device. */
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

/** A challenge for a browser that begins to sign in, with an address or without. */
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

/** Signs in with a passkey and nothing else. */
export async function signInWithPasskey(browser: Browser, device: PasskeyDevice): Promise<Reply> {
  return await answerPasskey(browser, device, await askPasskey(browser))
}
