import type { Deps } from '../../deps.ts'
import { MINUTE } from '../../platform/clock.ts'
import { ipMatcher } from '../../platform/net/ip.ts'
import { digest, equalSecrets, parseToken } from '../../platform/secret.ts'
import { type ApiKey, findApiKey, touchApiKey } from '../../store/api-keys.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import type { AccessClaims } from './access-token.ts'
import { checkSecret, lookAtSession, useSession } from './session.ts'
import { useAccessToken } from './token.ts'

/** Whom a request speaks for. `rejected`: it brought something that proves nothing; `isGenuine`: any more. */
export type Identity =
  | { kind: 'session'; session: OwnedSession; via: 'cookie' | 'check_cookie' | 'enrolment_token' }
  | {
      kind: 'session'
      session: OwnedSession
      via: 'access_token'
      claims: AccessClaims
    }
  | { kind: 'api_key'; key: ApiKey }
  | { kind: 'rejected'; isGenuine: boolean; misused?: MisusedKey }
  | { kind: 'anonymous' }

/** A genuine API key, and why it counts for nothing. */
export interface MisusedKey {
  keyId: string
  reason: 'revoked' | 'expired' | 'network'
}

export interface Credentials {
  /** The `Authorization` header's value. With it, a cookie counts for nothing. */
  authorization?: string | undefined
  /** `ses_<id>.<secret>`. */
  cookie?: string | undefined
  /** `chk_<id>.<secret>`; counts where there is no other. */
  check?: string | undefined
  /** Where the request comes from: some API keys count from one network only. */
  ip: string
}

/** One read of the database tells who it is, as of now: what was revoked a moment ago is rejected. */
export async function identify(deps: Deps, { authorization, cookie, check, ip }: Credentials): Promise<Identity> {
  if (authorization !== undefined) return await identifyBearer(deps, bearerOf(authorization), ip)
  if (cookie === undefined && check !== undefined) return await identifyCheck(deps, check)
  if (cookie === undefined) return { kind: 'anonymous' }
  const token = parseToken('ses', cookie)
  const isProven = (found: OwnedSession) => found.delivery === 'cookie' && isSecretOf(found, token?.secret ?? '')
  const session = token && (await useSession(deps, token.id, isProven))
  return typeof session === 'object' ? { kind: 'session', session, via: 'cookie' } : rejected(session)
}

/** What was good once is no guess, and does not count as one. */
function rejected(found?: 'over' | undefined): Identity {
  return { kind: 'rejected', isGenuine: found === 'over' }
}

async function identifyCheck(deps: Deps, text: string): Promise<Identity> {
  const token = parseToken('chk', text)
  const isProven = (found: OwnedSession) => equalSecrets(token?.secret ?? '', checkSecret(deps, found))
  const session = token && (await lookAtSession(deps, token.id.replace(/^chk_/, 'ses_'), isProven))
  return typeof session === 'object' ? { kind: 'session', session, via: 'check_cookie' } : rejected(session)
}

function isSecretOf({ secretDigest }: OwnedSession, secret: string): boolean {
  return secretDigest !== null && equalSecrets(digest(secret), secretDigest)
}

async function identifyBearer(deps: Deps, bearer: string | undefined, ip: string): Promise<Identity> {
  if (bearer === undefined) return rejected()
  if (bearer.startsWith('key_')) return await identifyApiKey(deps, bearer, ip)
  if (bearer.startsWith('ses_')) return await identifyEnrolling(deps, bearer)
  const known = await useAccessToken(deps, bearer)
  return typeof known === 'object' ? { kind: 'session', via: 'access_token', ...known } : rejected(known)
}

/** A session that waits for a second factor, and would deliver tokens then. */
async function identifyEnrolling(deps: Deps, bearer: string): Promise<Identity> {
  const token = parseToken('ses', bearer)
  const isProven = (found: OwnedSession) =>
    found.isEnrolmentDue && found.delivery === 'tokens' && isSecretOf(found, token?.secret ?? '')
  const session = token && (await useSession(deps, token.id, isProven))
  return typeof session === 'object' ? { kind: 'session', session, via: 'enrolment_token' } : rejected(session)
}

async function identifyApiKey(deps: Deps, bearer: string, ip: string): Promise<Identity> {
  const now = deps.clock.now()
  const token = parseToken('key', bearer)
  const key = token && (await deps.db.read((sql) => findApiKey(sql, token.id)))
  if (!key || !equalSecrets(digest(token.secret), key.secretDigest)) return rejected()
  const reason = whyNot(key, { ip, now })
  if (reason !== undefined) return { kind: 'rejected', isGenuine: true, misused: { keyId: key.id, reason } }
  if (key.lastUsedAt === null || key.lastUsedAt < now - MINUTE) {
    await deps.db.write((trx) => touchApiKey(trx, { id: key.id, now, notSince: now - MINUTE }))
  }
  return { kind: 'api_key', key }
}

function whyNot(
  { revokedAt, expiresAt, network }: ApiKey,
  { ip, now }: { ip: string; now: number },
): MisusedKey['reason'] | undefined {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt !== null && expiresAt <= now) return 'expired'
  return network !== null && !ipMatcher([network])(ip) ? 'network' : undefined
}

/** Bearer (RFC 6750 §2.1), or the password of Basic, since RFC 7662's callers use either. */
function bearerOf(authorization: string): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +([A-Za-z0-9._~+/=-]+)$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const decoded = Buffer.from(value, 'base64').toString('utf8')
  const password = decoded.slice(decoded.indexOf(':') + 1)
  return password.startsWith('key_') ? password : undefined
}
