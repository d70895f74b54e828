import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import { maskEmail } from '../platform/email-address.ts'
import type { OutboxItem } from '../store/outbox.ts'
import { idField, sample, timeField } from './field.ts'

export const outboxState = z.enum(['pending', 'sent', 'failed', 'expired', 'cancelled'])

/** A mail in the outbox without its content. */
export const mailResource = z.strictObject({
  id: idField('msg'),
  to: sample('a…@example.com'),
  template: sample('signin'),
  lang: sample('en'),
  state: outboxState,
  tries: z.int(),
  created_at: timeField,
  next_try_at: timeField.nullable(),
  expires_at: timeField,
  finished_at: timeField.nullable(),
  last_error: z.string().nullable(),
})
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
