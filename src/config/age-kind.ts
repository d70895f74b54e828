import { isAgeRecipient } from '../platform/age.ts'
import { type Kind, text } from './kind.ts'

/** Whom a backup is encrypted for. */
export function ageRecipient(): Kind<string> {
  return text('a public key of age (age1…)', (value) => {
    const fault = recipientFault(value)
    return fault === undefined ? undefined : { message: fault, suggestion: 'Show it with: age-keygen -y FILE' }
  })
}

/** Why a text is not a public key of age. A private key is not repeated. */
export function recipientFault(value: string): string | undefined {
  if (isAgeRecipient(value)) return undefined
  return /^AGE-SECRET-KEY-/i.test(value)
    ? 'is a private key, which opens backups; write its public key'
    : 'is not a public key of age (age1…), or has a typing error'
}
