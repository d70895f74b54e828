import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { hasAdminKey, isAdminKey } from '../../flows/operator/api-key.ts'
import type { Context, Next } from '../request/context.ts'

/** There is no admin API until a key is in force that may use some of it: not even on this machine. */
export function adminOnly(deps: Deps) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const { identity } = ctx.state
    const isAdminPath = ctx.path === '/admin' || ctx.path.startsWith('/admin/')
    const mayKnow = identity.kind === 'api_key' && isAdminKey(identity.key.scopes)
    if (isAdminPath && !mayKnow && !(await hasAdminKey(deps))) throw new AuthdError('NOT_FOUND')
    await next()
  }
}
