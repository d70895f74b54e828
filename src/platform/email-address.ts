import { domainToASCII } from 'node:url'

export interface EmailAddress {
  /** As typed, trimmed: what people are shown. */
  typed: string
  /** The one form that is stored, compared and mailed to: domain in lower-case ASCII (IDNA), local part in lower case. */
  canonical: string
}

const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** RFC 2047: some mail programs decode it, and then it is another address. */
const ENCODED_WORD = /=\?.*\?=/
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * One plain `local@domain`; anything else is undefined: no quotes, comments, display names, lists, IP literals,
 * control characters or look-alikes of @. The local part is ASCII, the domain may be IDN.
 */
export function parseEmailAddress(text: string): EmailAddress | undefined {
  const typed = text.trim()
  if (typed.length > 254) return undefined
  const [local = '', domain = '', ...rest] = typed.split('@')
  if (rest.length > 0 || local.length > 64) return undefined
  // After IDNA nothing may have become a separator, so the pieces are checked again as ASCII.
  const asciiDomain = /^[\p{L}\p{M}\p{N}.-]+$/u.test(domain) ? domainToASCII(domain).toLowerCase() : ''
  const labels = asciiDomain.split('.')
  if (labels.length < 2 || asciiDomain.length > 253 || !labels.every((label) => LABEL.test(label))) return undefined
  if (/^\d+$/.test(labels.at(-1) ?? '')) return undefined
  const lowered = local.toLowerCase()
  // Lower-casing must not make ASCII of something else (U+212A, the Kelvin sign, becomes k).
  if (!/^[\x21-\x7e]+$/.test(local) || !LOCAL.test(lowered) || ENCODED_WORD.test(local)) return undefined
  return { typed, canonical: `${lowered}@${asciiDomain}` }
}

/** `a…@example.com`: for logs, lists and pages that strangers may see. */
export function maskEmail(canonical: string): string {
  const at = canonical.lastIndexOf('@')
  return `${canonical.slice(0, 1)}…${canonical.slice(at)}`
}
