import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { MailSuppression } from '../store/mail-suppressions.ts'
import { sample, timeField } from './shared-fields.ts'

/** A suppressed address. It is shown in full, because operators must be able to name it. */
export const mailSuppressionResource = z
  .strictObject({
    email: sample('ada@example.com').describe('The address.'),
    refusals: z.int().describe('How often the mail server rejected it.'),
    last_refused_at: timeField.describe('The last rejection.'),
    suppressed_until: timeField.nullable().describe('Until then it gets no mail. `null`: not suppressed now.'),
    response: sample('550 5.1.1 no such user').describe('What the mail server said.'),
  })
  .meta({
    id: 'MailSuppression',
    description: 'An address that the mail server permanently rejected three times, so it gets no mail.',
  })
export type MailSuppressionResource = z.output<typeof mailSuppressionResource>

export function presentMailSuppression(suppression: MailSuppression): MailSuppressionResource {
  return {
    email: suppression.address,
    refusals: suppression.refusals,
    last_refused_at: toRfc3339(suppression.lastRefusedAt),
    suppressed_until: suppression.suppressedUntil === null ? null : toRfc3339(suppression.suppressedUntil),
    response: suppression.response,
  }
}
