import { createPrivateKey, KeyObject } from 'node:crypto'
import { type BadValue, type Kind, text } from './kind.ts'

const MAKE_ONE = 'Make one: openssl genrsa 2048'

/** One label, or several separated by dots (RFC 6376 §3.1). */
export function dkimSelector(): Kind<string> {
  const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
  return text('a name such as "authd" or "2026-11"', (value) =>
    value.split('.').every((part) => label.test(part)) && value.length <= 63 ? undefined : {},
  )
}

/**
 * RFC 8301 §3.2: signers must not use RSA keys below 1024 bits, and receivers need not verify keys above 4096 bits.
 * Ed25519 (RFC 8463) is rejected, because nodemailer would silently send such mails unsigned.
 */
export function dkimKey(): Kind<string> {
  return text('a private key in PEM', (value) => {
    const key = parseKey(value)
    return key instanceof KeyObject ? refuseKey(key) : key
  })
}

function parseKey(pem: string): KeyObject | BadValue {
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    return {
      message: 'is not a private key in PEM',
      suggestion: `It begins with -----BEGIN PRIVATE KEY-----. ${MAKE_ONE}`,
    }
  }
  try {
    return createPrivateKey(pem)
  } catch (error) {
    const isLocked = /ENCRYPTED/.test(pem) || (error instanceof Error && /passphrase/i.test(error.message))
    if (isLocked)
      return { message: 'is protected by a passphrase', suggestion: 'Remove the passphrase: openssl pkey -in FILE' }
    return { message: 'is not a readable private key: a part of it may be missing', suggestion: MAKE_ONE }
  }
}

function refuseKey({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): BadValue | undefined {
  if (type !== 'rsa') {
    return { message: `is an unsupported key of type ${type}. Mails are signed with RSA`, suggestion: MAKE_ONE }
  }
  const bits = details?.modulusLength ?? 0
  if (bits < 1024) return { message: `has ${bits} bits, but the minimum is 1024 (RFC 8301)`, suggestion: MAKE_ONE }
  if (bits > 4096) return { message: `has ${bits} bits, but the maximum is 4096 (RFC 8301)`, suggestion: MAKE_ONE }
  return undefined
}
