import type { Deps } from '../../deps.ts'
import { isSeenQuestion, SEEN_ANSWER, SEEN_QUESTION, type Seen } from '../../flows/upkeep/seen-question.ts'
import { foldIp } from '../../platform/net/ip.ts'
import type { Context, Next } from '../request/context.ts'

/** Tells `authd doctor` how this daemon sees a request that came through the proxy. Other requests get nothing. */
export function seenClient(deps: Pick<Deps, 'clock' | 'keys'>) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const question = ctx.get(SEEN_QUESTION)
    if (question !== '' && isSeenQuestion(deps, question)) {
      const { client, isFromProxy } = ctx.state
      const seen: Seen = {
        client: client.ip,
        peer: foldIp(ctx.req.socket.remoteAddress ?? '') ?? null,
        from_proxy: isFromProxy,
        forwarded: client.isForwarded,
        ignored: client.isIgnored,
      }
      ctx.set(SEEN_ANSWER, JSON.stringify(seen))
    }
    await next()
  }
}
