import type { Origin } from '../flows/event.ts'
import type { Context } from './context.ts'

/** Who does it, for the audit row. */
export function originOf(ctx: Context): Origin {
  const { identity, ip, requestId, traceId } = ctx.state
  const actor =
    identity.kind === 'session'
      ? `user:${identity.session.userId}`
      : identity.kind === 'api_key'
        ? `api-key:${identity.key.id}`
        : 'anonymous'
  const userAgent = ctx.get('User-Agent').slice(0, 512)
  return {
    actor,
    ip,
    userAgent: userAgent === '' ? null : userAgent,
    requestId,
    ...(traceId && { metadata: { trace_id: traceId } }),
  }
}
