import cors from '@koa/cors'
import type { Config } from '../../config/schema.ts'
import type { Context, Next } from '../request/context.ts'

const MAX_AGE_S = 600
/** What a script may read besides the body. */
const EXPOSED = ['Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-ID', 'WWW-Authenticate']

/**
 * Lets scripts of other origins call the API, never the pages: the listed ones, with the cookies that their browsers
 * send; or all, without cookies. Nothing is ever reflected that is not on the list.
 */
export function crossOrigin({ allowAll, allowedOrigins }: Config['cors']) {
  const listed = new Set(allowedOrigins)
  const originOf = (ctx: { get(name: string): string }) => {
    const origin = ctx.get('Origin')
    if (allowAll) return '*'
    return listed.has(origin) ? origin : ''
  }
  const handle = cors({
    origin: originOf,
    credentials: !allowAll,
    allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'X-Request-ID'],
    exposeHeaders: EXPOSED,
    maxAge: MAX_AGE_S,
    // Ours outlive an error already: it becomes an answer outside of this.
    keepHeadersOnError: false,
  }) as unknown as (ctx: Context, next: Next) => Promise<void>
  const isOn = allowAll || listed.size > 0
  return async (ctx: Context, next: Next): Promise<void> => {
    const isApi = ctx.path.startsWith('/v1/') || ctx.path.startsWith('/.well-known/') || ctx.path === '/openapi.json'
    if (!isOn || !isApi) return await next()
    ctx.set('Cross-Origin-Resource-Policy', 'cross-origin')
    await handle(ctx, next)
  }
}
