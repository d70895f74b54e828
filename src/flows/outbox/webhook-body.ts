import { toRfc3339 } from '../../platform/clock.ts'
import type { AuditLog } from '../../store/audit-logs.ts'

/** The version of the body. Fields are only added within a version. */
const VERSION = 1

/**
 * The metadata that receivers get: words and numbers, never a sentence, an address or a name. The admin API shows the
 * rest.
 */
export const TOLD: readonly string[] = [
  'method',
  'reason',
  'proof',
  'amr',
  'aal',
  'delivery',
  'passkey',
  'changed',
  'dropped',
  'removes',
  'factor',
  'failures',
  'disabled',
  'seconds',
  'left',
  'policy',
  'key',
  'key_id',
  'kid',
  'algorithm',
  'rule',
  'action',
  'scope',
  'ended_sessions',
  'invitation',
  'message_id',
  'template',
  'endpoint_id',
  'trace_id',
  'test',
]

/** An event as receivers get it. It has the same bytes in every try. */
export type ToldEvent = Pick<
  AuditLog,
  'id' | 'eventType' | 'occurredAt' | 'outcome' | 'userId' | 'sessionId' | 'requestId' | 'metadata'
>

/** The body for an event, `{type, timestamp, version, data}` as JSON. */
export function webhookBody(event: ToldEvent): string {
  const told = TOLD.map((name) => [name, event.metadata[name]] as const).filter(([, value]) => isPlain(value))
  return JSON.stringify({
    type: event.eventType,
    timestamp: toRfc3339(event.occurredAt),
    version: VERSION,
    data: {
      event_id: event.id,
      outcome: event.outcome,
      user_id: event.userId,
      session_id: event.sessionId,
      request_id: event.requestId,
      ...Object.fromEntries(told),
    },
  })
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain)
  return typeof value === 'string' ? /^[\w.:-]{1,64}$/.test(value) : ['number', 'boolean'].includes(typeof value)
}
