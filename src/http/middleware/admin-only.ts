import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { hasAdminKey, isAdminKey } from '../../flows/operator/api-key.ts'
import type { Context, Next } from '../request/context.ts'

/** Hides the admin API until an API key with an admin scope is in force, even from this machine. */
export function adminOnly(deps: Deps) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const { identity } = ctx.state
    const mayKnow = identity.kind === 'api_key' && isAdminKey(identity.key.scopes)
    if (ctx.path.startsWith('/admin/') && !mayKnow && !(await hasAdminKey(deps))) throw new AuthdError('NOT_FOUND')
    await next()
  }
}
