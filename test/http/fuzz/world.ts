import { createApiKey, ROLES, SCOPES, type Scope } from '../../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../../src/flows/record-event.ts'
import { MINUTE, SECOND } from '../../../src/platform/clock.ts'
import type { Dialect } from '../../../src/store/db.ts'
import { inhabit } from '../../support/documented.ts'
import { deviceFor, enrolPasskey, enrolTotp } from '../../support/factors.ts'
import { type Authd, startAuthd } from '../../support/harness.ts'
import type { Browser } from '../../support/http-client.ts'
import { signInForTokens, signInOnPage, type TokensOf } from '../../support/people.ts'

/** A user who is signed in with a cookie. */
export interface Attacker {
  email: string
  browser: Browser
  /** Signs the user in once more, for tokens. */
  tokens(): Promise<TokensOf>
  /** An access token from after a step-up. */
  steppedUp(): Promise<string>
}

export interface World {
  authd: Authd
  /** Texts that only the other user knows: ids, names, the address. */
  theirs: string[]
  /** Every row of the other user. */
  rowsOfOther(): Promise<unknown>
  /** The user that the fuzzer is. Another one after `forgetAttacker`, or when tokens are about to expire. */
  attacker(): Promise<Attacker>
  /** How to name a thing of the admin API in a path. Another thing after `forgetObjects`. */
  objects(): Promise<(path: string) => string>
  forgetAttacker(): void
  forgetObjects(): void
  /** The token of an API key with a role or a scope. */
  key(name: string): Promise<string>
}

const TABLES = ['sessions', 'passkeys', 'totp_secrets', 'recovery_codes', 'devices', 'email_changes']

export async function makeWorld(database: Dialect): Promise<World> {
  const authd = await startAuthd({ database })
  const { userId, theirs } = await makeOther(authd)
  const keys = new Map<string, string>()
  let attacker: { madeAt: number; who: Attacker } | undefined
  let objects: ((path: string) => string) | undefined
  let made = 0
  return {
    authd,
    theirs,
    rowsOfOther: () =>
      authd.deps.db.read(async (sql) => {
        const rows: unknown[] = await sql.all('SELECT * FROM users WHERE id = ?', [userId])
        for (const table of TABLES) {
          rows.push(await sql.all(`SELECT * FROM ${table} WHERE user_id = ? ORDER BY 1, 2`, [userId]))
        }
        return rows
      }),
    async attacker() {
      const now = authd.clock.now()
      if (!attacker || now - attacker.madeAt > 3 * MINUTE) {
        attacker = { madeAt: now, who: await makeAttacker(authd, `ada${++made}@example.com`) }
      }
      return attacker.who
    },
    async objects() {
      objects ??= await inhabit(authd, `grace${++made}@example.com`)
      return objects
    },
    forgetAttacker() {
      attacker = undefined
    },
    forgetObjects() {
      objects = undefined
    },
    async key(name) {
      const asked = { name, scopes: scopesOf(name), expiresAt: null }
      const token = keys.get(name) ?? (await createApiKey(authd.deps, SYSTEM, asked)).token
      keys.set(name, token)
      return token
    },
  }
}

/** The scopes of a role; a scope itself; none for what is neither. */
export function scopesOf(name: string): Scope[] {
  if (name in ROLES) return [...ROLES[name as keyof typeof ROLES]]
  return SCOPES.filter((scope) => scope === name)
}

/** Has a name, a passkey, an authenticator app, recovery codes, a second session and a former address. */
async function makeOther(authd: Authd): Promise<{ userId: string; theirs: string[] }> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, 'victor.old@example.org')
  await browser.post('/v1/me/email', { json: { email: 'victor.new@example.org' } })
  const code = (await authd.takeProofMail())?.values['code']
  await browser.post('/v1/me/email/confirm', { json: { code } })
  await browser.send('PATCH', '/v1/me', { json: { name: 'Victor Private' } })
  const { userId, sessionId } = await signInForTokens(authd, 'victor.new@example.org')
  const { body } = await enrolPasskey(browser, deviceFor(authd))
  const { id } = body.passkey
  await browser.send('PATCH', `/v1/me/passkeys/${id}`, { json: { name: 'Key of Victor' } })
  const { secret, recoveryCodes } = await enrolTotp(authd, browser)
  await authd.takeMail()
  const names = ['victor.old@example.org', 'victor.new@example.org', 'Victor Private', 'Key of Victor']
  return { userId, theirs: [userId, sessionId, body.session.id, id, ...names, secret, ...recoveryCodes] }
}

/** Signs a new user in, for the calls of the fuzzer. */
export async function makeAttacker(authd: Authd, email: string): Promise<Attacker> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, email)
  return {
    email,
    browser,
    tokens: () => signInForTokens(authd, email),
    async steppedUp() {
      const { accessToken: bearer } = await signInForTokens(authd, email)
      authd.clock.advance(SECOND)
      await authd.browser().post('/v1/stepup/email', { bearer })
      const code = (await authd.takeProofMail())?.values['code']
      const { body } = await authd.browser().post('/v1/stepup/code', { bearer, json: { code } })
      return body.access_token
    },
  }
}
