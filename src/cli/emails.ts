import { AuthdError } from '../errors.ts'
import { type EmailAddress, parseEmailAddress } from '../platform/email-address.ts'

/** Addresses as an operator types them; the first that is none is named. */
export function parseEmails(texts: string[]): EmailAddress[] {
  return texts.map(parseEmail)
}

export function parseEmail(text: string): EmailAddress {
  const email = parseEmailAddress(text)
  if (email) return email
  throw new AuthdError('VALIDATION_ERROR', { message: `"${text}" is not an e-mail address. Use name@example.com.` })
}
