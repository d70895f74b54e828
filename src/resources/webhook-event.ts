import { z } from 'zod'
import { idField, sample, timeField } from './shared-fields.ts'

/** What receivers of webhooks get, as flows/outbox/webhook-body.ts writes it. */
export const webhookEventResource = z
  .strictObject({
    type: sample('user.authenticated').describe('What happened. docs/events.md lists all types.'),
    timestamp: timeField.describe('When it happened.'),
    version: z.int().describe('The version of this format. Within a version, fields are only added.'),
    data: z
      .looseObject({
        event_id: idField('evt').describe('The id of the event in the audit log.'),
        outcome: z.enum(['success', 'failure']).describe('Whether it succeeded.'),
        user_id: idField('usr').nullable().describe('The user it is about.'),
        session_id: idField('ses').nullable().describe('The session it is about.'),
        request_id: idField('req').nullable().describe('The request that caused it.'),
      })
      .meta({ id: 'WebhookEventData', description: 'The event. Each type adds fields of its own.' }),
  })
  .meta({ id: 'WebhookEvent', description: 'A security event.' })
