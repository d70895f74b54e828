import { checkRegistration } from '../../src/flows/factors/webauthn.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { setFailureCount } from '../../src/store/failed-attempts.ts'
import { insertPasskey } from '../../src/store/passkeys.ts'
import { replaceRecoveryCodes } from '../../src/store/recovery-codes.ts'
import { confirmTotp, putPendingTotp } from '../../src/store/totp-secrets.ts'
import { insertUser, type MfaPolicy, updateUserMfaPolicy } from '../../src/store/users.ts'
import { deviceFor, totpCode } from '../support/factors.ts'
import type { Authd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import type { PasskeyDevice } from '../support/passkey-device.ts'

/** A set of factors. A switched-off app was disabled by wrong codes. */
export interface Enrolled {
  passkey: boolean
  totp: boolean
  isTotpOff: boolean
  codes: boolean
}

export const PATHS = [
  'link',
  'code',
  'passkey',
  'totp first',
  'code, totp',
  'code, recovery code',
  'code, passkey',
] as const
export type Path = (typeof PATHS)[number]

export interface TestUser {
  email: string
  enrolled: Enrolled
  policy: MfaPolicy
  device: PasskeyDevice
  /** Recovery codes; each works once. */
  codes: string[]
}

export const LINK_URL = 'https://app.example.com/in'

const YES_NO = [true, false]
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const SALT = 'salt'
const CODES = ['AAAA-BBBB-0001', 'AAAA-BBBB-0002']

export function combinations(): { enrolled: Enrolled; override: MfaPolicy | null }[] {
  const sets = YES_NO.flatMap((passkey) =>
    YES_NO.flatMap((codes) => [
      { passkey, codes, totp: false, isTotpOff: false },
      { passkey, codes, totp: true, isTotpOff: false },
      { passkey, codes, totp: true, isTotpOff: true },
    ]),
  )
  const overrides = [null, 'optional', 'required'] as const
  return sets.flatMap((enrolled) => overrides.map((override) => ({ enrolled, override })))
}

let users = 0

/** Inserts a user with these factors. Enrolling over HTTP has its own tests. */
export async function makeUser(
  authd: Authd,
  enrolled: Enrolled,
  { override, policy }: { override: MfaPolicy | null; policy: MfaPolicy },
): Promise<TestUser> {
  const { deps } = authd
  const now = deps.clock.now()
  const id = deps.random.id('usr')
  users += 1
  const email = `user${users}@example.com`
  const device = deviceFor(authd)
  const challenge = 'Y2hhbGxlbmdl'
  const { origin, hostname } = new URL(authd.url)
  const response = device.register({ challenge, user: { id: 'aGFuZGxl' }, rp: { id: hostname } })
  const made = await checkRegistration({ rpId: hostname, origins: [origin] }, { response, challenge })
  if (!made) throw new Error('the passkey was not accepted')
  const hashes = await Promise.all(CODES.map((code) => deps.slowHash(code.replaceAll('-', ''), SALT)))
  await deps.db.write(async (trx) => {
    await insertUser(trx, { id, email, emailTyped: email, name: null, emailVerifiedAt: now, createdAt: now })
    await trx.run("UPDATE users SET webauthn_user_id = 'aGFuZGxl' WHERE id = ?", [id])
    await updateUserMfaPolicy(trx, { id, policy: override })
    const passkey = { id: deps.random.id('pk'), userId: id, ...made, name: 'passkey', createdAt: now }
    if (enrolled.passkey) await insertPasskey(trx, passkey)
    if (enrolled.totp) {
      const context = { table: 'totp_secrets', column: 'secret_sealed', rowId: id }
      const pendingSealed = deps.keys.seal(context, SECRET)
      await putPendingTotp(trx, { userId: id, sessionId: 'ses_1', pendingSealed, expiresAt: now + MINUTE })
      await confirmTotp(trx, { userId: id, sessionId: 'ses_1', pendingSealed, step: 0, now })
    }
    if (enrolled.isTotpOff)
      await setFailureCount(trx, { kind: 'totp', subject: id }, { failures: 100, blockedUntil: null })
    const rows = hashes.map((codeHash) => ({ id: deps.random.id('rc'), salt: SALT, codeHash, createdAt: now }))
    if (enrolled.codes) await replaceRecoveryCodes(trx, id, rows)
  })
  return { email, enrolled, policy, device, codes: [...CODES] }
}

/** Follows a path to its end. Returns the last answer. */
export async function prove(
  authd: Authd,
  browser: Browser,
  user: TestUser,
  { path, delivery }: { path: Path; delivery: 'cookie' | 'tokens' },
): Promise<Reply> {
  authd.clock.advance(MINUTE)
  const isNameless = path === 'passkey'
  const link_to = delivery === 'tokens' && path === 'link' ? { link_to: LINK_URL } : {}
  const json = { deliver: delivery, ...(isNameless ? {} : { email: user.email, ...link_to }) }
  const begun = await browser.post('/v1/signin', { json })
  const attempt_token = begun.body.attempt_token
  if (path === 'passkey') return await provePasskey(browser, user, attempt_token)
  if (path === 'totp first') return await proveTotp(authd, browser, attempt_token)
  const mail = (await authd.takeMail()).filter(({ template }) => template === 'signin').at(-1)
  const values = mail?.values ?? {}
  const code = values['code'] ?? ''
  const token = new URL(values['link'] ?? 'http://no.link').searchParams.get('token') ?? ''
  const first =
    path === 'link'
      ? await browser.post('/v1/signin/link', { json: { token, attempt_token } })
      : await browser.post('/v1/signin/code', { json: { code, attempt_token } })
  if (first.body.status === 'complete') return first
  if (path === 'code, totp') return await proveTotp(authd, browser, attempt_token)
  if (path === 'code, passkey') return await provePasskey(browser, user, attempt_token)
  if (path !== 'code, recovery code') return first
  const recovery = user.codes.pop() ?? ''
  return await browser.post('/v1/signin/recovery-code', { json: { code: recovery, attempt_token } })
}

async function proveTotp(authd: Authd, browser: Browser, attempt_token: string): Promise<Reply> {
  return await browser.post('/v1/signin/totp', { json: { code: totpCode(authd, SECRET), attempt_token } })
}

async function provePasskey(browser: Browser, { device }: TestUser, attempt_token: string): Promise<Reply> {
  const asked = await browser.post('/v1/signin/passkey/options', { json: { attempt_token } })
  const credential = device.sign(asked.body.options ?? { challenge: 'bm9uZQ' })
  return await browser.post('/v1/signin/passkey', {
    json: { challenge_id: asked.body.challenge_id ?? 'pkc_none', credential, attempt_token },
  })
}
