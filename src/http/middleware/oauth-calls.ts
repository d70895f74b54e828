import type { AnyEndpoint } from '../endpoint/endpoint.ts'
import { isOauthCall } from '../request/body.ts'
import type { Context, Next } from '../request/context.ts'
import { routeFinder } from '../request/router.ts'

/** Marks the requests that get the errors of RFC 6749, before anything of their body is read. */
export function oauthCalls(endpoints: readonly AnyEndpoint[]) {
  const declaredFor = routeFinder(endpoints)
  return async (ctx: Context, next: Next): Promise<void> => {
    const body = declaredFor(ctx)?.body
    ctx.state.isOauth = body !== undefined && isOauthCall(ctx, body)
    await next()
  }
}
