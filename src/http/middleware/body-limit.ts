import type { Deps } from '../../deps.ts'
import { admitBody, countEarlyFailure, type Limit } from '../../flows/limits/request-limits.ts'
import { isRead } from '../request/body.ts'
import type { Context, Next } from '../request/context.ts'
import type { CookieNames } from '../request/cookies.ts'
import { routeFinder } from '../request/router.ts'
import { bearerIn, cookiesOf } from './identify.ts'

interface Limited {
  method: string
  path: string
  limit?: Limit
}

interface BodyLimitOptions {
  names: CookieNames
  endpoints: readonly Limited[]
  pages: readonly Limited[]
}

/** Refuses bodies from an address over its limit unread, and counts those that fail before their route judges them. */
export function bodyLimit(deps: Deps, { names, endpoints, pages }: BodyLimitOptions) {
  const endpointFor = routeFinder(endpoints)
  const pageFor = routeFinder(pages)
  return async (ctx: Context, next: Next): Promise<void> => {
    if (!isRead(ctx)) return await next()
    const page = pageFor(ctx)
    const declared = page ?? endpointFor(ctx)
    try {
      await admitBody(deps, {
        limit: declared?.limit,
        // A body without a length may have any.
        bytes: Number(ctx.req.headers['content-length'] ?? Number.POSITIVE_INFINITY),
        bearer: bearerIn(ctx),
        cookies: cookiesOf(ctx, names).sessions,
        ip: ctx.state.ip,
      })
    } catch (error) {
      ctx.state.route = declared?.path
      ctx.state.isPage = page !== undefined
      throw error
    }
    try {
      await next()
    } catch (error) {
      if (!ctx.state.isLimited) countEarlyFailure(deps, ctx.state, error)
      throw error
    }
  }
}
