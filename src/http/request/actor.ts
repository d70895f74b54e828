import type { Actor } from '../../flows/record-event.ts'
import { plain } from '../../platform/plain-text.ts'
import type { Context } from './context.ts'

/** Who acts, for the audit log. */
export function actorOf(ctx: Context): Actor {
  const { identity, ip, requestId, traceId } = ctx.state
  const actor =
    identity.kind === 'session'
      ? `user:${identity.session.userId}`
      : identity.kind === 'api_key'
        ? `api-key:${identity.key.id}`
        : 'anonymous'
  const userAgent = plain(ctx.get('User-Agent')).slice(0, 512)
  return {
    id: actor,
    ip,
    userAgent: userAgent === '' ? null : userAgent,
    requestId,
    ...(traceId && { metadata: { trace_id: traceId } }),
  }
}
