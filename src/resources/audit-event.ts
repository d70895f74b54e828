import { toRfc3339 } from '../platform/clock.ts'
import type { AuditLog } from '../store/audit-logs.ts'

/** One event of the audit log, as scripts and people read it. */
export interface EventResource {
  id: string
  seq: number | null
  time: string
  event_type: string
  outcome: 'success' | 'failure'
  user_id: string | null
  email: string | null
  ip: string | null
  user_agent: string | null
  session_id: string | null
  request_id: string | null
  actor: string
  metadata: Record<string, unknown>
}

export function presentEvent(log: AuditLog): EventResource {
  return {
    id: log.id,
    seq: log.seq,
    time: toRfc3339(log.occurredAt),
    event_type: log.eventType,
    outcome: log.outcome,
    user_id: log.userId,
    email: log.email,
    ip: log.ip,
    user_agent: log.userAgent,
    session_id: log.sessionId,
    request_id: log.requestId,
    actor: log.actor,
    metadata: log.metadata,
  }
}
