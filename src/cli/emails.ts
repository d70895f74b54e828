import { AuthdError } from '../errors.ts'
import { type EmailAddress, emailHint, parseEmailAddress } from '../platform/email-address.ts'

export function parseEmail(text: string): EmailAddress {
  const email = parseEmailAddress(text)
  if (email) return email
  throw new AuthdError('VALIDATION_ERROR', { message: `"${text}" is not an e-mail address. ${emailHint(text)}` })
}
