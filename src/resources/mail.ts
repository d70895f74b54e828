import { toRfc3339 } from '../platform/clock.ts'
import { maskEmail } from '../platform/email-address.ts'
import type { OutboxMail } from '../store/outbox.ts'

/** A mail of the outbox; never what it says. */
export interface MailResource {
  id: string
  to: string
  template: string
  lang: string
  state: string
  tries: number
  created_at: string
  next_try_at: string | null
  expires_at: string
  finished_at: string | null
  last_error: string | null
}

export function presentMail(mail: OutboxMail): MailResource {
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
