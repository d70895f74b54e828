import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { recordEvent } from '../../flows/event.ts'
import { actorOf } from '../actor.ts'
import type { Context, Next } from '../context.ts'
import { seldom } from '../seldom.ts'

/** An API key that is genuine, and was used beyond what it may: its holder tries something, or somebody else has it. */
export function keyRefusals(deps: Deps) {
  const isTold = seldom(deps.clock)
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next()
    } catch (error) {
      const refused = refusalOf(ctx, error)
      if (refused && isTold(`${refused.keyId} ${refused.reason}`)) await note(deps, ctx, refused)
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

async function note(deps: Deps, ctx: Context, { keyId, reason }: { keyId: string; reason: string }): Promise<void> {
  const actor = { ...actorOf(ctx), id: `api-key:${keyId}` }
  const metadata = { reason, call: `${ctx.method} ${ctx.state.route ?? 'other'}` }
  await deps.db.write((trx) => recordEvent(deps, trx, actor, { type: 'api_key.refused', outcome: 'failure', metadata }))
}
