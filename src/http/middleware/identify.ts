import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { identify as identifyFlow } from '../../flows/sessions/identify.ts'
import type { Context, Next } from '../request/context.ts'
import { type CookieNames, readCookies } from '../request/cookies.ts'

/** The paths where the cookie of `session.cookie_domain` counts. */
const CHECKABLE = new Set(['/v1/session'])

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface IdentifyOptions {
  names: CookieNames
  /** Scheme, host and port of public_url. */
  origin: string
  /** `cors.allowed_origins`. Their scripts may also make changes with a cookie. */
  allowedOrigins: ReadonlySet<string>
}

/** Identifies the caller with at most one database read. An `Authorization` header disables cookies. */
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

/** Accepts cookies only under authd's own host name, and for changes only from its own pages or listed origins. */
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
