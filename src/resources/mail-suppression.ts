import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import type { MailSuppression } from '../store/mail-suppressions.ts'
import { sample, timeField } from './field.ts'

/** A suppressed address. It is shown in full, because operators must be able to name it. */
export const mailSuppressionResource = z.strictObject({
  email: sample('ada@example.com'),
  refusals: z.int(),
  last_refused_at: timeField,
  suppressed_until: timeField.nullable(),
  response: sample('550 5.1.1 no such user'),
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
