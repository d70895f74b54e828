import type { Deps } from '../../deps.ts'
import { isWithin, MINUTE } from '../../platform/clock.ts'
import { ipMatcher } from '../../platform/net/ip.ts'
import { digest, equalSecrets, parseToken } from '../../platform/secret.ts'
import { type ApiKey, findApiKey, touchApiKey } from '../../store/api-keys.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import type { AccessClaims } from './access-token.ts'
import { isCheckSecret } from './bearers.ts'
import { type Claim, type LiveSession, lookAtSession, useSession } from './judge-session.ts'
import { useAccessToken } from './token.ts'

/** Who makes a request. `rejected`: its credential is not valid; `isGenuine`: it was valid once. */
export type Identity =
  | { kind: 'session'; session: LiveSession; via: 'cookie' | 'check_cookie' | 'enrolment_token' }
  | {
      kind: 'session'
      session: LiveSession
      via: 'access_token'
      claims: AccessClaims
      /** It was issued since the last step-up or change of factors. */
      isNewest: boolean
    }
  | { kind: 'api_key'; key: ApiKey; ip: string }
  | { kind: 'rejected'; isGenuine: boolean; misused?: MisusedKey }
  | { kind: 'anonymous' }

/** A genuine API key, and why it is rejected. */
export interface MisusedKey {
  keyId: string
  reason: 'revoked' | 'expired' | 'network'
}

export interface Credentials {
  /** The credential in the `Authorization` header, null if it has none. With the header, cookies are ignored. */
  bearer?: string | null | undefined
  /** `ses_<id>.<secret>`, more than one if another site set a cookie of this name. The newest valid session counts. */
  cookies?: string[]
  /** `chk_<id>.<secret>`; used if there is no other credential. */
  checks?: string[]
  /** The client's address: some API keys are valid from one network only. */
  ip: string
}

/**
 * Identifies the caller with one read of the database, so that a revoked credential is rejected at once. Throws if the
 * read fails: a server error counts against nobody, see request-limits.ts.
 */
export async function identifyCaller(
  deps: Deps,
  { bearer, cookies = [], checks = [], ip }: Credentials,
): Promise<Identity> {
  if (bearer === null) return rejected()
  if (bearer !== undefined) return await identifyBearer(deps, bearer, ip)
  const sent = cookies.length > 0 ? cookies : checks
  if (sent.length === 0) return { kind: 'anonymous' }
  const found: Identity[] = []
  for (const text of sent) found.push(await (sent === cookies ? identifyCookie : identifyCheck)(deps, text))
  return newest(found)
}

/** The newest session, or else a rejected credential that was genuine. */
function newest(found: Identity[]): Identity {
  const rank = (identity: Identity) => {
    if (identity.kind === 'session') return identity.session.authTime
    return identity.kind === 'rejected' && identity.isGenuine ? 1 : 0
  }
  return found.sort((left, right) => rank(right) - rank(left))[0] ?? rejected()
}

async function identifyCookie(deps: Deps, cookie: string): Promise<Identity> {
  const token = parseToken('ses', cookie)
  const claim: Claim = (found) =>
    found.delivery === 'cookie' && isSecretOf(found, token?.secret ?? '') ? found : undefined
  const session = token && (await useSession(deps, token.id, claim))
  return typeof session === 'object' ? { kind: 'session', session, via: 'cookie' } : rejected(session)
}

/** A credential that was valid once is not a guess, and does not count as one. */
function rejected(found?: 'over' | undefined): Identity {
  return { kind: 'rejected', isGenuine: found === 'over' }
}

async function identifyCheck(deps: Deps, text: string): Promise<Identity> {
  const token = parseToken('chk', text)
  const claim: Claim = (found) => (isCheckSecret(deps, found, token?.secret ?? '') ? found : undefined)
  const session = token && (await lookAtSession(deps, token.id.replace(/^chk_/, 'ses_'), claim))
  return typeof session === 'object' ? { kind: 'session', session, via: 'check_cookie' } : rejected(session)
}

function isSecretOf({ secretDigest }: OwnedSession, secret: string): boolean {
  return secretDigest !== null && equalSecrets(digest(secret), secretDigest)
}

async function identifyBearer(deps: Deps, bearer: string, ip: string): Promise<Identity> {
  if (bearer.startsWith('key_')) return await identifyApiKey(deps, bearer, ip)
  if (bearer.startsWith('ses_')) return await identifyEnrolling(deps, bearer)
  const known = await useAccessToken(deps, bearer)
  return typeof known === 'object' ? { kind: 'session', via: 'access_token', ...known } : rejected(known)
}

/** A session that waits for a second factor, and will hand over tokens then. */
async function identifyEnrolling(deps: Deps, bearer: string): Promise<Identity> {
  const token = parseToken('ses', bearer)
  const isProven = (found: OwnedSession) =>
    found.isEnrolmentDue && found.delivery === 'tokens' && isSecretOf(found, token?.secret ?? '')
  const session = token && (await useSession(deps, token.id, (found) => (isProven(found) ? found : undefined)))
  return typeof session === 'object' ? { kind: 'session', session, via: 'enrolment_token' } : rejected(session)
}

async function identifyApiKey(deps: Deps, bearer: string, ip: string): Promise<Identity> {
  const now = deps.clock.now()
  const token = parseToken('key', bearer)
  const key = token && (await deps.db.read((sql) => findApiKey(sql, token.id)))
  if (!key || !equalSecrets(digest(token.secret), key.secretDigest)) return rejected()
  const reason = whyNot(key, { ip, now })
  if (reason !== undefined) return { kind: 'rejected', isGenuine: true, misused: { keyId: key.id, reason } }
  if (key.lastUsedAt === null || !isWithin(now, key.lastUsedAt, MINUTE)) {
    await deps.db.write((trx) => touchApiKey(trx, { id: key.id, now, notSince: now - MINUTE }))
  }
  return { kind: 'api_key', key, ip }
}

/** Why a genuine API key is not valid. Undefined if it is. */
export function whyNot(
  { revokedAt, expiresAt, network }: ApiKey,
  { ip, now }: { ip: string; now: number },
): MisusedKey['reason'] | undefined {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt !== null && expiresAt <= now) return 'expired'
  return network !== null && !ipMatcher([network])(ip) ? 'network' : undefined
}
