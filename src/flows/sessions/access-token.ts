import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import { isFromFuture, MINUTE, SECOND, toDate, toSeconds } from '../../platform/clock.ts'
import { digest, isCanonicalBase64url } from '../../platform/secret.ts'
import type { Session } from '../../store/sessions.ts'
import { findVerificationKey, keyring, signingKeyAt } from './signing-key.ts'

/** authd has no OAuth clients yet, so it is the client of every token. */
const CLIENT_ID = 'authd'
/** How far a verifier's clock may be off, in seconds. */
const LEEWAY_S = 5
/** Tokens for a cookie are for scripts on authd's own pages. They expire before a theft pays off. */
const COOKIE_TOKEN_TTL_MS = 5 * MINUTE
/** Some megabytes. A dropped token is verified again. */
const MAX_REMEMBERED = 5_000

/**
 * The claims of tokens that were good in everything, by the settings that they were judged by and then by the digest of
 * the token, oldest first. Whether the key still verifies and the session is alive is asked each time.
 */
const memories = new WeakMap<Config, Map<string, AccessClaims>>()

export interface AccessClaims {
  iss: string
  aud: string
  sub: string
  client_id: string
  sid: string
  amr: string[]
  aal: number
  auth_time: number
  /** The same in milliseconds. It tells a token from before a step-up apart, also within the second. */
  auth_time_ms: number
  /** The generation of the refresh token that was issued with it. Tokens of older versions lack this claim. */
  generation?: number
  iat: number
  exp: number
  jti: string
}

export interface SignedToken {
  accessToken: string
  /** Seconds. */
  expiresIn: number
}

/** Signs a JWT of a session. It is valid for `tokens.access_ttl`, and expires with the session at the latest. */
export async function signAccessToken(deps: Deps, session: Session): Promise<SignedToken> {
  return await sign(deps, session, deps.config.current().tokens.accessTtl)
}

/** Signs a short access token for the holder of a session's cookie. No refresh token comes with it. */
export async function issueCookieToken(deps: Deps, session: Session): Promise<SignedToken> {
  return await sign(deps, session, Math.min(deps.config.current().tokens.accessTtl, COOKIE_TOKEN_TTL_MS))
}

async function sign(deps: Deps, session: Session, ttlMs: number): Promise<SignedToken> {
  const config = deps.config.current()
  const now = deps.clock.now()
  const iat = toSeconds(now)
  const exp = toSeconds(Math.min(now + ttlMs, session.idleExpiresAt, session.expiresAt))
  const claims = {
    iss: config.publicUrl,
    aud: config.tokens.audience,
    sub: session.userId,
    client_id: CLIENT_ID,
    sid: session.id,
    amr: session.amr,
    aal: session.aal,
    auth_time: toSeconds(session.authTime),
    auth_time_ms: session.authTime,
    generation: session.generation,
    iat,
    exp,
    jti: deps.random.id('jti'),
  } satisfies AccessClaims
  const { alg, kid, key } = await currentKey(deps, now)
  const accessToken = await new SignJWT(claims).setProtectedHeader({ alg, typ: config.tokens.typ, ...kid }).sign(key)
  return { accessToken, expiresIn: exp - iat }
}

/** The claims of a valid access token. Undefined for any other text, without saying why. */
export async function readAccessToken(deps: Deps, token: string): Promise<AccessClaims | undefined> {
  const read = await verifyAccessToken(deps, token)
  return read?.isOver ? undefined : read?.claims
}

/**
 * As readAccessToken, but also for a genuine token that has expired, or that a wrong clock issued. Then `isOver` is true.
 * Throws if the keys cannot be loaded, because that says nothing about the token.
 */
export async function verifyAccessToken(
  deps: Deps,
  token: string,
): Promise<{ claims: AccessClaims; isOver: boolean } | undefined> {
  const config = deps.config.current()
  const now = deps.clock.now()
  const hs256Secret = config.tokens.algorithm === 'HS256' ? config.tokens.hs256Secret : undefined
  // Each key has one algorithm (RFC 8725 §3.1). The header must not choose another.
  const key =
    hs256Secret === undefined
      ? await findVerificationKey(deps, kidOf(token), now)
      : { publicKey: secretBytes(hs256Secret), algorithm: 'HS256' }
  if (!key) return undefined
  const known = memories.get(config)?.get(digest(token))
  if (known) return { claims: known, isOver: isOver(known, now) }
  if (!isCanonical(token)) return undefined
  const options = {
    issuer: config.publicUrl,
    audience: config.tokens.audience,
    // The type keeps other kinds of JWT out (RFC 9068 §2.1).
    typ: config.tokens.typ,
    requiredClaims: ['sub', 'sid', 'client_id', 'iat', 'exp', 'jti'],
    clockTolerance: LEEWAY_S,
    currentDate: toDate(now),
  }
  try {
    const { payload } = await jwtVerify(token, key.publicKey, { ...options, algorithms: [key.algorithm] })
    if (!isAccessClaims(payload)) return undefined
    // authd writes no `nbf`. A token with one is verified each time.
    if (payload.nbf === undefined) remember(config, token, payload)
    return { claims: payload, isOver: isOver(payload, now) }
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    // Claims are checked after the signature, so only a genuine token can be expired. Any other fault is not named.
    if (!(error instanceof errors.JWTExpired) || !isAccessClaims(error.payload)) return undefined
    return { claims: error.payload, isOver: true }
  }
}

function remember(config: Config, token: string, claims: AccessClaims): void {
  const memory = memories.get(config) ?? new Map<string, AccessClaims>()
  memories.set(config, memory)
  const [oldest] = memory.keys()
  if (oldest !== undefined && memory.size >= MAX_REMEMBERED) memory.delete(oldest)
  memory.set(digest(token), claims)
}

/** Says whether a genuine token has expired, or was issued by a clock that was wrong. */
function isOver({ exp, iat }: AccessClaims, now: number): boolean {
  return exp <= toSeconds(now) - LEEWAY_S || isFromFuture(now, iat * SECOND)
}

/** The key that a token names. Undefined also for a text that is not a JWT. */
function kidOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    // The text came from outside, and jose says only that it cannot be read.
    return undefined
  }
}

async function currentKey(deps: Deps, now: number) {
  const { algorithm, hs256Secret } = deps.config.current().tokens
  if (algorithm === 'HS256' && hs256Secret !== undefined) {
    return { alg: 'HS256', kid: {}, key: secretBytes(hs256Secret) }
  }
  const key = signingKeyAt(await keyring(deps), now)
  if (!key) throw new Error('no signing key: the database was not set up')
  return { alg: key.algorithm, kid: { kid: key.kid }, key: key.privateKey }
}

/** A token must have one spelling. jose also accepts spaces and unused bits, which would make several texts valid. */
function isCanonical(token: string): boolean {
  const parts = token.split('.')
  return parts.length === 3 && parts.every((part) => part !== '' && isCanonicalBase64url(part))
}

function secretBytes(secret: string): Uint8Array {
  return new TextEncoder().encode(secret)
}

const TEXTS = ['iss', 'sub', 'client_id', 'sid', 'jti'] as const satisfies (keyof AccessClaims)[]
const NUMBERS = ['aal', 'auth_time', 'auth_time_ms', 'iat', 'exp'] as const satisfies (keyof AccessClaims)[]

/** A token of another version of authd, or of another program with the same key, may lack some. */
function isAccessClaims(payload: JWTPayload): payload is JWTPayload & AccessClaims {
  return (
    TEXTS.every((name) => typeof payload[name] === 'string') &&
    NUMBERS.every((name) => typeof payload[name] === 'number') &&
    Array.isArray(payload['amr'])
  )
}
