import { z } from 'zod'
import { emailHint, parseEmailAddress } from '../platform/email-address.ts'

/** A plain `local@domain`, parsed into an address. */
export const emailField = z
  .string()
  .max(320)
  .meta({ examples: ['ada@example.com'] })
  .describe('An e-mail address, as name@example.com.')
  .transform((text, context) => {
    const address = parseEmailAddress(text)
    if (address) return address
    context.addIssue({
      code: 'custom',
      params: { code: 'INVALID_EMAIL' },
      message: `Not an e-mail address. ${emailHint(text)}`,
    })
    return z.NEVER
  })
