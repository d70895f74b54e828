import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { foldIp } from '../../platform/net/ip.ts'
import { CLIENT_HEADER, type Context, type Next } from '../request/context.ts'
import { ipCheck } from './ip-filter.ts'

/** Takes the address that a backend states for its user. Limits, rules and the audit log use it from here on.
 * Without a key that may state it, the header has no effect here; with a rejected key checkGuard (guard.ts) answers 401. */
export function statedClient(deps: Deps) {
  const check = ipCheck(deps)
  return async (ctx: Context, next: Next): Promise<void> => {
    const { identity } = ctx.state
    const stated = ctx.get(CLIENT_HEADER)
    if (stated === '' || identity.kind !== 'api_key' || !identity.key.scopes.includes('signin')) return await next()
    const ip = foldIp(stated)
    if (ip === undefined) throw new AuthdError('BAD_REQUEST', { message: `${CLIENT_HEADER} is not an IP address.` })
    ctx.state.ip = ip
    ctx.state.isStated = true
    await check(ctx)
    await next()
  }
}
