import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import { maskEmail } from '../platform/email-address.ts'
import type { OutboxItem } from '../store/outbox.ts'
import { idField, sample, timeField } from './shared-fields.ts'

export const outboxState = z.enum(['pending', 'sent', 'failed', 'expired', 'cancelled'])

/** The times of a mail or a delivery in the outbox. */
export const outboxTimes = {
  next_try_at: timeField.nullable().describe('The next try, while `state` is `pending`.'),
  expires_at: timeField.describe('After this time it is not sent any more.'),
  finished_at: timeField.nullable().describe('When it reached its last state.'),
}

/** A mail in the outbox without its content. */
export const mailResource = z
  .strictObject({
    id: idField('msg').describe('The id of the mail.'),
    to: sample('a…@example.com').describe('The recipient, masked.'),
    template: sample('signin').describe('The kind of mail.'),
    lang: sample('en').describe('The language of the mail.'),
    state: outboxState.describe('Where the mail is.'),
    tries: z.int().describe('How often authd tried to send it.'),
    created_at: timeField.describe('When the mail was queued.'),
    ...outboxTimes,
    last_error: z.string().nullable().describe('What the last failed try got.'),
  })
  .meta({ id: 'Mail', description: 'A mail of the queue, without its content.' })
export type MailResource = z.output<typeof mailResource>

export function presentMail(mail: OutboxItem): MailResource {
  return {
    id: mail.id,
    to: maskEmail(mail.recipient),
    template: mail.template,
    lang: mail.lang,
    state: mail.state,
    tries: mail.tries,
    created_at: toRfc3339(mail.createdAt),
    next_try_at: mail.state === 'pending' ? toRfc3339(mail.dueAt) : null,
    expires_at: toRfc3339(mail.expiresAt),
    finished_at: mail.finishedAt === null ? null : toRfc3339(mail.finishedAt),
    last_error: mail.lastError,
  }
}
