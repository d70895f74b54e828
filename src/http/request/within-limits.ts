import type { Deps } from '../../deps.ts'
import type { Standing } from '../../flows/limits/rate-limit.ts'
import { type Limit, withinLimits } from '../../flows/limits/request-limits.ts'
import type { Answered } from '../../flows/repetition/answer-once.ts'
import { SECOND } from '../../platform/clock.ts'
import { actorOf } from './actor.ts'
import type { Context } from './context.ts'

/** Does the work of a route within its limits, and sets the headers that tell the client what is left. */
export async function withRateLimitHeaders<Answer extends object>(
  deps: Deps,
  ctx: Context,
  { method, limit, guard }: { method: string; limit?: Limit; guard?: unknown },
  work: () => Promise<Answered<Answer>>,
): Promise<Answered<Answer>> {
  ctx.state.isLimited = true
  const { identity, ip, isStated } = ctx.state
  const onStanding = (standing: Standing) => setHeaders(ctx, standing)
  const request = { method, limit, identity, ip, isStated, actor: () => actorOf(ctx), onStanding }
  let isRepeated = false
  const answer = await withinLimits(deps, request, async () => {
    const answered = await work()
    isRepeated = answered.isRepeated
    return answered.answer
  })
  // Counted as a stranger's, because the credential was replaced. The answer is that of a session, which has no such header.
  if (isRepeated && limit === undefined && guard !== 'none') for (const name of HEADERS) ctx.remove(name)
  return { answer, isRepeated }
}

const HEADERS = ['RateLimit-Policy', 'RateLimit']

/** The names of draft-ietf-httpapi-ratelimit-headers. */
function setHeaders(ctx: Context, { limit, left, resetMs }: Standing): void {
  ctx.set('RateLimit-Policy', `"ip";q=${limit};w=60`)
  ctx.set('RateLimit', `"ip";r=${left};t=${Math.ceil(resetMs / SECOND)}`)
}
