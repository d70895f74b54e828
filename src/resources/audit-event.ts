import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { AuditLog } from '../store/audit-logs.ts'
import { idField, sample, timeField } from './shared-fields.ts'

/** An event of the audit log. */
export const eventResource = z
  .strictObject({
    id: idField('evt').describe('The id of the event.'),
    seq: z
      .int()
      .nullable()
      .meta({ examples: [4711] })
      .describe('Its number in the order of the log. `null` until it has one.'),
    time: timeField.describe('When it happened.'),
    event_type: sample('user.authenticated').describe('What happened. docs/events.md lists all types.'),
    outcome: z.enum(['success', 'failure']).describe('Whether it succeeded.'),
    user_id: idField('usr').nullable().describe('The user it is about.'),
    email: sample('ada@example.com').nullable().describe('The address of that user, or one that was typed.'),
    ip: sample('198.51.100.20').nullable().describe('The address of the client.'),
    user_agent: sample('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')
      .nullable()
      .describe('The `User-Agent` header of the client.'),
    session_id: idField('ses').nullable().describe('The session it is about.'),
    request_id: idField('req').nullable().describe('The request that caused it.'),
    actor: sample('user:usr_01m88jw08vedqtrgrr9eqkmg57').describe(
      'Who did it: a user, an operator, an API key or authd itself.',
    ),
    metadata: z
      .record(z.string(), z.unknown())
      .meta({ examples: [{ method: 'email_code' }] })
      .describe('More about this type of event.'),
  })
  .meta({ id: 'AuditEvent', description: 'An event of the audit log.' })
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
