import type { Deps } from '../../deps.ts'
import { ipGate } from '../../flows/limits/ip-filter.ts'
import { actorOf } from '../request/actor.ts'
import type { Context, Next } from '../request/context.ts'

/** Rejects requests from addresses that the rules of `authd ipfilter` block. */
export function ipFilter(deps: Deps) {
  const check = ipCheck(deps)
  return async (ctx: Context, next: Next): Promise<void> => {
    await check(ctx)
    await next()
  }
}

/** The check alone, for the current address of a request. */
export function ipCheck(deps: Deps) {
  const gate = ipGate(deps)
  return async (ctx: Context): Promise<void> => {
    try {
      await gate({ ip: ctx.state.ip, path: ctx.path, actor: () => actorOf(ctx) })
    } catch (error) {
      ctx.state.isPage = ctx.accepts('json', 'html') === 'html'
      throw error
    }
  }
}
