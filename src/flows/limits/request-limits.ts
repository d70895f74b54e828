import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { ipBucket } from '../../platform/net/ip.ts'
import type { Actor } from '../record-event.ts'
import { type Credentials, type Identity, identifyCaller } from '../sessions/identify.ts'
import { type Bucket, fullFor, refuse, refuseFull, type Standing, spend, tally } from './rate-limit.ts'

/**
 * What a request counts against.
 *
 * | limit      | session                   | key with `signin` | neither, or a wrong credential   |
 * |------------|---------------------------|-------------------|----------------------------------|
 * | by default | session, except for a GET | key               | address, except for a right GET  |
 * | `own`      | session, before the work  | key               | address                          |
 * | `stranger` | address                   | key               | address                          |
 * | `guess`    | address, and wrong proofs | key               | address, and wrong proofs        |
 * | `failure`  | address, if it fails      | key               | address, if it fails             |
 *
 * A `failure` is judged by the work first: what succeeds is never refused for the wrong tries of others. Bodies of an
 * address over its limit are refused unread, see admitBody.
 *
 * A key with `signin` that states its user's address counts against both. Any other key counts against itself, and for
 * `stranger`, `guess` and `failure` also against its address, like a request without one. Whatever writes an audit event
 * counts: a GET that does is `own`.
 */
export type Limit = 'own' | 'stranger' | 'guess' | 'failure'

export interface LimitedRequest {
  method: string
  limit?: Limit | undefined
  identity: Identity
  ip: string
  /** An app's backend stated the address of its user. */
  isStated: boolean
  actor: () => Actor
  /** Called with the standing of the address once something was counted. Other standings are not shown. */
  onStanding: (standing: Standing) => void
}

/** Does the work of a request within its limits. Throws RATE_LIMITED. A rejected credential always counts. */
export async function withinLimits<Answer extends object>(
  deps: Deps,
  request: LimitedRequest,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const { identity, ip: address } = request
  const kind = kindOf(request)
  const subject = ipBucket(address)
  const ip: Bucket = { policy: 'ip', subject }
  const guess: Bucket = { policy: 'guess', subject }
  const own = typeof kind === 'object' ? kind : identity.kind === 'api_key' ? keyBucket(identity.key.id) : undefined
  if (own && request.limit === 'own') await count(deps, request, [own])
  else if (own) {
    await refuseFull(deps, [own])
    tally(deps, own, 1)
  }
  if (kind === 'stranger') await count(deps, request, [ip])
  if (kind === 'guess') await count(deps, request, [ip, guess])
  try {
    const answer = await work()
    if (kind === 'guess' && !isWrong(answer)) tally(deps, guess, -1)
    // The answer looks like that of a success.
    if (kind === 'failure' && isWrong(answer)) await count(deps, { ...request, onStanding: () => {} }, [ip])
    return answer
  } catch (error) {
    if (kind === 'guess' && !isWrong(error)) tally(deps, guess, -1)
    if (kind === 'failure' && isClientFault(error)) await count(deps, request, [ip])
    throw error
  }
}

function kindOf({ method, limit, identity, isStated }: LimitedRequest): Limit | 'none' | Bucket {
  const isRejected = identity.kind === 'rejected' && !identity.isGenuine
  // The address of a backend that signs users in is that of all of them: only an address that it states counts.
  const isSigningIn = identity.kind === 'api_key' && identity.key.scopes.includes('signin')
  if (isSigningIn && !isStated) return keyBucket(identity.key.id)
  if (limit !== undefined && limit !== 'own') return limit
  if (isRejected) return 'stranger'
  if (identity.kind === 'api_key') return 'none'
  if (method === 'GET' && limit !== 'own') return 'none'
  return identity.kind === 'session' ? { policy: 'user', subject: identity.session.id } : 'stranger'
}

function keyBucket(subject: string): Bucket {
  return { policy: 'client', subject }
}

async function count(deps: Deps, { actor, onStanding }: LimitedRequest, buckets: Bucket[]): Promise<void> {
  const standings = await spend(deps, actor(), buckets)
  const ip = standings.find(({ bucket }) => bucket.policy === 'ip')
  if (ip) onStanding(ip)
}

/** The most that is read of a body which may prove something by itself, from an address over its limit. */
const SMALL_BYTES = 4096

/**
 * Judges the limit of the address before a body is read. Over it, only a small body that may prove something by itself is
 * read, or one of a caller with a valid session or API key. Throws RATE_LIMITED.
 */
export async function admitBody(
  deps: Deps,
  { limit, bytes, ...credentials }: Credentials & { limit: Limit | undefined; bytes: number },
): Promise<void> {
  const bucket: Bucket = { policy: 'ip', subject: ipBucket(credentials.ip) }
  const resetMs = await fullFor(deps, bucket)
  if (resetMs === 0 || (limit === 'failure' && bytes <= SMALL_BYTES)) return
  if (!isStranger(await identifyCaller(deps, credentials))) return
  throw refuse(deps, bucket, resetMs)
}

/** Counts a request that failed before the limit of its route judged it. */
export function countEarlyFailure(
  deps: Deps,
  { ip, identity }: { ip: string; identity: Identity },
  error: unknown,
): void {
  if (isStranger(identity) && isClientFault(error)) tally(deps, { policy: 'ip', subject: ipBucket(ip) }, 1)
}

function isStranger({ kind }: Identity): boolean {
  return kind === 'anonymous' || kind === 'rejected'
}

function isClientFault(error: unknown): boolean {
  return Number((error as { status?: unknown }).status) < 500
}

/**
 * A proof that was not accepted, as an error, as a page, or as an answer that must not say so. Server errors and malformed
 * requests are not guesses.
 */
function isWrong(outcome: unknown): boolean {
  if ((outcome as { isWrong?: boolean }).isWrong) return true
  const status = outcome instanceof AuthdError ? outcome.status : (outcome as { status?: number }).status
  return status !== undefined && [401, 403, 410, 429].includes(status)
}
