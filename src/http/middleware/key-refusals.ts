import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { keyRefusalRecorder } from '../../flows/operator/api-key.ts'
import { actorOf } from '../request/actor.ts'
import type { Context, Next } from '../request/context.ts'

/** Records refused requests of genuine API keys in the audit log. */
export function keyRefusals(deps: Deps) {
  const record = keyRefusalRecorder(deps)
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next()
    } catch (error) {
      const refused = refusalOf(ctx, error)
      if (refused) await record(actorOf(ctx), { ...refused, call: `${ctx.method} ${ctx.state.route ?? 'other'}` })
      throw error
    }
  }
}

function refusalOf({ state }: Context, error: unknown): { keyId: string; reason: string } | undefined {
  const { identity } = state
  if (identity.kind === 'rejected') return identity.misused
  const isBeyondScope = identity.kind === 'api_key' && error instanceof AuthdError && error.code === 'FORBIDDEN'
  return isBeyondScope ? { keyId: identity.key.id, reason: 'scope' } : undefined
}
