import { createHmac, createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, type JWK, jwtVerify } from 'jose'

/** What an app that protects an API knows of authd. */
export interface Expected {
  keys: JWK[]
  issuer: string
  audience: string
  typ: string
  /** With HS256. */
  sharedSecret?: string | undefined
  /** Epoch milliseconds. */
  now: number
}

/** Two programs that judge an access token. They share no code. Each returns the reason for a refusal. */
export const VERIFIERS: Record<'jose' | 'plain', (token: string, expected: Expected) => Promise<string | undefined>> = {
  jose: refusalByJose,
  plain: async (token, expected) => refusalByHand(token, expected),
}

async function refusalByJose(token: string, expected: Expected): Promise<string | undefined> {
  const { keys, issuer, audience, typ, sharedSecret, now } = expected
  const options = { issuer, audience, typ, currentDate: new Date(now), requiredClaims: ['sub', 'sid', 'exp', 'iat'] }
  try {
    if (sharedSecret === undefined) await jwtVerify(token, createLocalJWKSet({ keys } as JSONWebKeySet), options)
    else await jwtVerify(token, new TextEncoder().encode(sharedSecret), { ...options, algorithms: ['HS256'] })
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** By RFC 7515 §5.2, RFC 7519 §7.2 and RFC 9068 §4, over node:crypto alone. It knows no leeway. */
function refusalByHand(
  token: string,
  { keys, issuer, audience, typ, sharedSecret, now }: Expected,
): string | undefined {
  const [head = '', claims = '', signature = '', ...rest] = token.split('.')
  if (rest.length > 0) return 'not three parts'
  const header = parse(head)
  const payload = parse(claims)
  const key = sharedSecret === undefined ? keys.find(({ kid }) => kid === header['kid']) : { alg: 'HS256' }
  if (!key) return `unknown key ${header['kid']}`
  if (header['alg'] !== key.alg) return `algorithm ${header['alg']}`
  if (header['typ'] !== typ) return `type ${header['typ']}`
  const signed = Buffer.from(`${head}.${claims}`)
  const bytes = Buffer.from(signature, 'base64url')
  const isSigned =
    sharedSecret === undefined
      ? isSignedBy(key, signed, bytes)
      : createHmac('sha256', sharedSecret).update(signed).digest().equals(bytes)
  if (!isSigned) return 'signature'
  if (payload['iss'] !== issuer) return `issuer ${payload['iss']}`
  if (![payload['aud']].flat().includes(audience)) return `audience ${payload['aud']}`
  if (Number(payload['iat']) * 1000 > now) return 'issued in the future'
  if (!(Number(payload['exp']) * 1000 > now)) return 'expired'
  const missing = ['sub', 'sid', 'jti', 'client_id', 'auth_time'].filter((name) => payload[name] === undefined)
  return missing.length > 0 ? `without ${missing}` : undefined
}

const HASH: Record<string, string | null> = { ES256: 'sha256', RS256: 'sha256', EdDSA: null }

function isSignedBy(jwk: JWK, signed: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  const hash = HASH[jwk.alg ?? '']
  return hash !== undefined && verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function parse(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

/** The judges of running daemons, by the address of the process. */
const judges = new Map<string, () => Promise<Expected>>()

/** Until the end that it returns, every access token that a test gets from this process is judged by both verifiers. */
export function judgeTokensOf(address: string, expected: () => Promise<Expected>): () => void {
  judges.set(address, expected)
  // Another program may get the port.
  return () => judges.delete(address)
}

/** Throws if one of the verifiers refuses a token that was just issued. */
export async function assertVerifiable(address: string, body: unknown): Promise<void> {
  const token = typeof body === 'object' && body !== null && 'access_token' in body ? body.access_token : undefined
  const expected = judges.get(address)
  // The opaque token of an enrolment is for authd alone.
  if (typeof token !== 'string' || token.startsWith('ses_') || !expected) return
  const known = await expected()
  for (const [name, judge] of Object.entries(VERIFIERS)) {
    const refusal = await judge(token, known)
    if (refusal !== undefined) throw new Error(`the verifier "${name}" refuses a new token: ${refusal}`)
  }
}
