import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { type Bucket, refuseFull, type Standing, spend, tally } from '../flows/limits/rate-limit.ts'
import type { Identity } from '../flows/sessions/identify.ts'
import { SECOND } from '../platform/clock.ts'
import { ipBucket } from '../platform/net/ip.ts'
import { actorOf } from './actor.ts'
import type { Context } from './context.ts'

/**
 * What a route counts against. `none`: nothing. `stranger`: the address, whoever is signed in. `guess`: the same, and
 * the address's wrong proofs. `failure`: the address, if it fails. Left out: a change counts against the session or key
 * that proves itself, else against the address.
 */
export type Limit = 'none' | 'stranger' | 'guess' | 'failure'

interface Limited {
  method: string
  limit?: Limit
}

/** Does the work of a route within its limits. A request that brought a proof that is none always counts. */
export async function withinLimits<Answer extends object>(
  deps: Deps,
  ctx: Context,
  declared: Limited,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const { identity } = ctx.state
  const kind = kindOf(declared, identity, ctx.state.isStated)
  const subject = ipBucket(ctx.state.ip)
  const ip: Bucket = { policy: 'ip', subject }
  const guess: Bucket = { policy: 'guess', subject }
  const own = typeof kind === 'object' ? kind : identity.kind === 'api_key' ? keyBucket(identity.key.id) : undefined
  if (own) {
    await refuseFull(deps, [own])
    tally(deps, own, 1)
  }
  if (kind === 'stranger') await spendTold(deps, ctx, [ip])
  if (kind === 'failure') await refuseFull(deps, [ip])
  if (kind === 'guess') await spendTold(deps, ctx, [ip, guess])
  try {
    const answer = await work()
    if (kind === 'guess' && !isWrong(answer)) tally(deps, guess, -1)
    return answer
  } catch (error) {
    if (kind === 'guess' && !isWrong(error)) tally(deps, guess, -1)
    if (kind === 'failure' && isWrong(error)) await spendTold(deps, ctx, [ip])
    throw error
  }
}

function kindOf({ method, limit }: Limited, identity: Identity, isStated: boolean): Limit | Bucket {
  const isRejected = identity.kind === 'rejected' && !identity.isGenuine
  // A backend's own address is that of all its users: only one that it states counts.
  if (identity.kind === 'api_key' && !isStated) return keyBucket(identity.key.id)
  if (limit !== undefined && limit !== 'none') return limit
  if (isRejected) return 'stranger'
  if (limit === 'none' || identity.kind === 'api_key') return 'none'
  if (method === 'GET') return 'none'
  return identity.kind === 'session' ? { policy: 'user', subject: identity.session.id } : 'stranger'
}

function keyBucket(subject: string): Bucket {
  return { policy: 'client', subject }
}

/** Counts before the work, and tells how the address stands: the limits of mailboxes and people are told to nobody. */
async function spendTold(deps: Deps, ctx: Context, buckets: Bucket[]): Promise<void> {
  const standings = await spend(deps, actorOf(ctx), buckets)
  const ip = standings.find(({ bucket }) => bucket.policy === 'ip')
  if (ip) tellStanding(ctx, ip)
}

/** The names of draft-ietf-httpapi-ratelimit-headers. */
function tellStanding(ctx: Context, { limit, left, resetMs }: Standing): void {
  ctx.set('RateLimit-Policy', `"ip";q=${limit};w=60`)
  ctx.set('RateLimit', `"ip";r=${left};t=${Math.ceil(resetMs / SECOND)}`)
}

/** A proof that was not accepted, as an error or as a page: not a fault of ours, nor of the form. */
function isWrong(outcome: unknown): boolean {
  const status = outcome instanceof AuthdError ? outcome.status : (outcome as { status?: number }).status
  return status !== undefined && [401, 403, 410, 429].includes(status)
}
