import type { Context, Next } from '../request/context.ts'

/**
 * A request whose target is a whole address is one for its path (RFC 9112 §3.2.2). Any other target
 * gets 400, like a request that is not HTTP.
 */
export async function requestTarget(ctx: Context, next: Next): Promise<void> {
  const target = ctx.req.url ?? ''
  if (!target.startsWith('/') && target !== '*') {
    const address = URL.parse(target)
    if (!address) {
      ctx.status = 400
      ctx.set('Connection', 'close')
      return
    }
    ctx.req.url = `${address.pathname}${address.search}`
  }
  await next()
}
