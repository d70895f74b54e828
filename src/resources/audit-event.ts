import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { AuditLog } from '../store/audit-logs.ts'
import { timeField } from './email.ts'

/** One event of the audit log, as scripts and people read it. */
export const eventResource = z.strictObject({
  id: z.string(),
  seq: z.int().nullable(),
  time: timeField,
  event_type: z.string(),
  outcome: z.enum(['success', 'failure']),
  user_id: z.string().nullable(),
  email: z.string().nullable(),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  session_id: z.string().nullable(),
  request_id: z.string().nullable(),
  actor: z.string(),
  metadata: z.record(z.string(), z.unknown()),
})
export type EventResource = z.output<typeof eventResource>

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
