import type { Deps } from '../../deps.ts'

/**
 * Credentials that do not exist, for an address without passkeys. They are the same each time and have the lengths of
 * real ones, so that the answer does not reveal who has a passkey (WebAuthn L3 §14.6.2).
 */
export function imaginaryCredentials(keys: Deps['keys'], email: string): { id: string }[] {
  const text = keys.mac('imaginary-credential', email)
  const bytes = Buffer.from(text, 'base64url')
  const second = Buffer.from(keys.mac('imaginary-credential', `${email} 2`), 'base64url')
  const first = (bytes[0] ?? 0) % 2 === 0 ? bytes.subarray(12) : bytes
  return (bytes[1] ?? 0) % 4 === 0 ? [first, second].map(asId) : [asId(first)]
}

function asId(bytes: Buffer): { id: string } {
  return { id: bytes.toString('base64url') }
}
