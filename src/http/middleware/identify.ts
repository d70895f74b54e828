import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { identify as identifyFlow } from '../../flows/sessions/identify.ts'
import type { Context, Next } from '../request/context.ts'
import { type CookieNames, readCookies } from '../request/cookies.ts'

/** What the cookie of `session.cookie_domain` is good for. */
const CHECKABLE = new Set(['/v1/session'])

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface IdentifyOptions {
  names: CookieNames
  /** Of public_url: scheme, host, port. */
  origin: string
  /** `cors.allowed_origins`: their scripts may change what a cookie may, too. */
  allowedOrigins: ReadonlySet<string>
}

/** Finds out whom a request speaks for: at most one read. With an `Authorization` header, cookies count for nothing. */
export function identify(deps: Deps, { names, origin, allowedOrigins }: IdentifyOptions) {
  const host = new URL(origin).host
  return async (ctx: Context, next: Next): Promise<void> => {
    const authorization = ctx.get('Authorization')
    const cookies = readCookies(authorization === '' ? ctx.get('Cookie') : undefined, names)
    ctx.state.cookies = cookies
    const hasCookies = cookies.session !== undefined || cookies.device !== undefined || cookies.attempts.length > 0
    if (hasCookies) refuseCrossSite(ctx, { origin, host, allowedOrigins })
    ctx.state.identity = await identifyFlow(deps, {
      authorization: authorization === '' ? undefined : authorization,
      cookie: cookies.session,
      ip: ctx.state.ip,
      check: CHECKABLE.has(ctx.path) ? cookies.check : undefined,
    })
    await next()
  }
}

/** A cookie counts only under our own host name, and for changes only in requests of our own pages or listed origins. */
export function refuseCrossSite(
  ctx: Context,
  { origin, host, allowedOrigins }: { origin: string; host: string; allowedOrigins?: ReadonlySet<string> },
): void {
  if (ctx.get('Host').toLowerCase() !== host) throw new AuthdError('MISDIRECTED_REQUEST')
  if (SAFE.has(ctx.method)) return
  if (allowedOrigins?.has(ctx.get('Origin'))) return
  const site = ctx.get('Sec-Fetch-Site')
  const isOwn = site === '' ? ctx.get('Origin') === origin : site === 'same-origin'
  if (!isOwn) throw new AuthdError('CROSS_SITE_REQUEST')
}
