import type { Context, Next } from '../request/context.ts'

/**
 * A request whose target is a whole address is one for its path (RFC 9112 §3.2.2). Any other target gets 400, like a
 * request that is not HTTP. So does one that names two hosts, in two headers or in target and header: which of them a
 * proxy in front has looked at is unknown.
 */
export async function requestTarget(ctx: Context, next: Next): Promise<void> {
  const target = ctx.req.url ?? ''
  const hosts = ctx.req.headersDistinct['host'] ?? []
  if (hosts.length > 1) return refuse(ctx)
  if (!target.startsWith('/') && target !== '*') {
    const address = URL.parse(target)
    if (!address || address.host !== URL.parse(`${address.protocol}//${hosts[0]}`)?.host) return refuse(ctx)
    ctx.req.url = `${address.pathname}${address.search}`
  }
  await next()
}

function refuse(ctx: Context): void {
  ctx.status = 400
  ctx.set('Connection', 'close')
}
