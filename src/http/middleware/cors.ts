import cors from '@koa/cors'
import type { Config } from '../../config/schema.ts'
import type { Context, Next } from '../request/context.ts'

const MAX_AGE_S = 600
/** The headers that scripts may read. */
const EXPOSED = ['Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-ID', 'WWW-Authenticate']

interface Declared {
  path: string
  publicMaxAge?: number
}

/**
 * Lets scripts of other origins call the API, but never the pages. Listed origins may send cookies. With `allow_all`,
 * every origin may call without cookies. An origin that is not listed is never reflected. Documents that are the same for
 * everybody may be read from anywhere, whatever is configured.
 */
export function crossOrigin({ allowAll, allowedOrigins }: Config['cors'], endpoints: readonly Declared[]) {
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
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-ID'],
    exposeHeaders: EXPOSED,
    maxAge: MAX_AGE_S,
    // middleware/errors.ts already keeps the headers of an error.
    keepHeadersOnError: false,
  }) as unknown as (ctx: Context, next: Next) => Promise<void>
  const isOn = allowAll || listed.size > 0
  const documents = new Set(endpoints.filter((one) => one.publicMaxAge !== undefined).map(({ path }) => path))
  return async (ctx: Context, next: Next): Promise<void> => {
    if (documents.has(ctx.path)) return await publish(ctx, next)
    const isApi = ctx.path.startsWith('/v1/') || ctx.path.startsWith('/.well-known/') || ctx.path === '/openapi.json'
    if (!isOn || !isApi) return await next()
    ctx.set('Cross-Origin-Resource-Policy', 'cross-origin')
    await handle(ctx, next)
  }
}

/** Without `Vary: Origin`, so that shared caches store one answer for all origins. */
async function publish(ctx: Context, next: Next): Promise<void> {
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Access-Control-Expose-Headers', 'ETag')
  ctx.set('Cross-Origin-Resource-Policy', 'cross-origin')
  if (ctx.method !== 'OPTIONS' || ctx.get('Access-Control-Request-Method') === '') return await next()
  ctx.set('Access-Control-Allow-Methods', 'GET')
  ctx.set('Access-Control-Allow-Headers', '*')
  ctx.set('Access-Control-Max-Age', String(MAX_AGE_S))
  ctx.status = 204
}
