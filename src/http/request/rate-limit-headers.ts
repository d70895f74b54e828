import type { Deps } from '../../deps.ts'
import type { Standing } from '../../flows/limits/rate-limit.ts'
import { type Limit, withinLimits } from '../../flows/limits/request-limits.ts'
import { SECOND } from '../../platform/clock.ts'
import { actorOf } from './actor.ts'
import type { Context } from './context.ts'

/** Does the work of a route within its limits, and sets the headers that tell the client what is left. */
export async function withRateLimitHeaders<Answer extends object>(
  deps: Deps,
  ctx: Context,
  { method, limit }: { method: string; limit?: Limit },
  work: () => Promise<Answer>,
): Promise<Answer> {
  ctx.state.isLimited = true
  const { identity, ip, isStated } = ctx.state
  const onStanding = (standing: Standing) => setHeaders(ctx, standing)
  const request = { method, limit, identity, ip, isStated, actor: () => actorOf(ctx), onStanding }
  return await withinLimits(deps, request, work)
}

/** The names of draft-ietf-httpapi-ratelimit-headers. */
function setHeaders(ctx: Context, { limit, left, resetMs }: Standing): void {
  ctx.set('RateLimit-Policy', `"ip";q=${limit};w=60`)
  ctx.set('RateLimit', `"ip";r=${left};t=${Math.ceil(resetMs / SECOND)}`)
}
