import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { AuditLog } from '../store/audit-logs.ts'
import { idField, sample, timeField } from './field.ts'

/** An event of the audit log. */
export const eventResource = z.strictObject({
  id: idField('evt'),
  seq: z
    .int()
    .nullable()
    .meta({ examples: [4711] }),
  time: timeField,
  event_type: sample('user.authenticated'),
  outcome: z.enum(['success', 'failure']),
  user_id: idField('usr').nullable(),
  email: sample('ada@example.com').nullable(),
  ip: sample('198.51.100.20').nullable(),
  user_agent: sample('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0').nullable(),
  session_id: idField('ses').nullable(),
  request_id: idField('req').nullable(),
  actor: sample('user:usr_01m88jw08vedqtrgrr9eqkmg57'),
  metadata: z.record(z.string(), z.unknown()).meta({ examples: [{ method: 'email_code' }] }),
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
    metadata: { ...log.metadata, ...log.personal },
  }
}
