import type { Deps } from '../../deps.ts'
import { identifyCaller } from '../../flows/sessions/identify.ts'
import type { AnyEndpoint } from '../endpoint/endpoint.ts'
import { bearerOf } from '../request/authorization.ts'
import type { Context, Next } from '../request/context.ts'
import { type CookieNames, NO_COOKIES, type RequestCookies, readCookies } from '../request/cookies.ts'
import { refuseCrossSite } from '../request/cross-site.ts'
import { hasOwnCredential } from '../request/own-credential.ts'
import { routeFinder } from '../request/router.ts'

/** The paths where the cookie of `session.cookie_domain` counts. */
export const CHECKABLE = new Set(['/v1/session'])

export interface IdentifyOptions {
  names: CookieNames
  /** Scheme, host and port of public_url. */
  origin: string
  /** `cors.allowed_origins`. Their scripts may also make changes with a cookie. */
  allowedOrigins: ReadonlySet<string>
  endpoints: readonly AnyEndpoint[]
  /** They always use cookies. */
  pages: readonly { method: string; path: string }[]
}

/** Identifies the caller with at most one database read for each value of a cookie. With a credential of its own, a request has no cookies. */
export function identify(deps: Deps, { names, origin, allowedOrigins, endpoints, pages }: IdentifyOptions) {
  const host = new URL(origin).host
  const endpointFor = routeFinder(endpoints)
  const pageFor = routeFinder(pages)
  return async (ctx: Context, next: Next): Promise<void> => {
    const sent = cookiesOf(ctx, names)
    const declared = endpointFor(ctx)
    ctx.state.hasOwnCredential = declared !== undefined && hasOwnCredential(ctx, declared, sent)
    const isUsingCookies = declared ? !ctx.state.hasOwnCredential : pageFor(ctx) !== undefined
    const cookies = isUsingCookies ? sent : NO_COOKIES
    ctx.state.cookies = cookies
    const counting = namesOf(cookies, names)
    if (counting.length > 0) refuseCrossSite(ctx, { origin, host, allowedOrigins, cookies: counting })
    ctx.state.identity = await identifyCaller(deps, {
      bearer: bearerIn(ctx),
      cookies: cookies.sessions,
      ip: ctx.state.ip,
      checks: CHECKABLE.has(ctx.path) ? cookies.checks : [],
    })
    await next()
  }
}

/** An empty header is also the caller's choice, so it does not fall back to a cookie. */
export function cookiesOf(ctx: Context, names: CookieNames): RequestCookies {
  return readCookies(ctx.req.headers.authorization === undefined ? ctx.get('Cookie') : undefined, names)
}

export function bearerIn(ctx: Context): string | null | undefined {
  const { authorization } = ctx.req.headers
  return authorization === undefined ? undefined : (bearerOf(authorization) ?? null)
}

/** The cookies of a request that let it change something. */
function namesOf({ sessions, attempts, device }: RequestCookies, names: CookieNames): string[] {
  return [
    ...(sessions.length === 0 ? [] : [names.session]),
    ...(attempts.length === 0 ? [] : [names.attempt]),
    ...(device === undefined ? [] : [names.device]),
  ]
}
