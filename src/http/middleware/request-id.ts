import type { Random } from '../../platform/random.ts'
import type { Context, Next } from '../request/context.ts'

const VALID = /^[A-Za-z0-9._-]{1,128}$/
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

/**
 * Gives each request an id and returns it in `X-Request-ID`. A valid id from a trusted proxy is kept, and so is the trace
 * id of its `traceparent` (W3C Trace Context).
 */
export function requestId({ random }: { random: Pick<Random, 'id'> }) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const { isFromProxy } = ctx.state
    const sent = ctx.get('X-Request-ID')
    ctx.state.requestId = isFromProxy && VALID.test(sent) ? sent : random.id('req')
    ctx.state.traceId = isFromProxy ? TRACEPARENT.exec(ctx.get('traceparent'))?.[1] : undefined
    ctx.set('X-Request-ID', ctx.state.requestId)
    await next()
  }
}
