import { domainToASCII } from 'node:url'
import { unseenIn } from './plain-text.ts'

export interface EmailAddress {
  /** As typed, without what is not shown at its ends. Shown to users. */
  typed: string
  /** The form for storing, comparing and sending: domain in lower-case ASCII (IDNA), local part in lower case. */
  canonical: string
}

const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** An encoded word (RFC 2047). Some mail programs decode it and get another address. */
const ENCODED_WORD = /=\?.*\?=/
/** A copied address may bring spaces, marks of direction or joiners that nobody sees. */
const UNSEEN_ENDS = /^[\p{Z}\p{C}]+|[\p{Z}\p{C}]+$/gu
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Parses one plain `local@domain`. Quotes, comments, display names, lists, IP literals, control characters and characters
 * that look like @ are rejected, because mail programs read them differently. The local part is ASCII, the domain may be
 * IDN.
 */
export function parseEmailAddress(text: string): EmailAddress | undefined {
  const typed = text.replace(UNSEEN_ENDS, '')
  if (typed.length > 254) return undefined
  const [local = '', domain = '', ...rest] = typed.split('@')
  if (rest.length > 0 || local.length > 64) return undefined
  // IDNA can turn a character into a separator, so the ASCII labels are checked.
  const asciiDomain = /^[\p{L}\p{M}\p{N}.-]+$/u.test(domain) ? domainToASCII(domain).toLowerCase() : ''
  const labels = asciiDomain.split('.')
  if (labels.length < 2 || asciiDomain.length > 253 || !labels.every((label) => LABEL.test(label))) return undefined
  if (/^\d+$/.test(labels.at(-1) ?? '')) return undefined
  const lowered = local.toLowerCase()
  // Lower-casing can turn other characters into ASCII: U+212A, the Kelvin sign, becomes k.
  if (!/^[\x21-\x7e]+$/.test(local) || !LOCAL.test(lowered) || ENCODED_WORD.test(local)) return undefined
  return { typed, canonical: `${lowered}@${asciiDomain}` }
}

/** What to do about a text that parseEmailAddress rejects. */
export function emailHint(text: string): string {
  const unseen = unseenIn(text.replace(UNSEEN_ENDS, ''))
  if (unseen !== undefined) return `It contains ${unseen}, a character that is not shown. Remove it.`
  return 'Write it as name@example.com.'
}

/** `a…@example.com`, for logs, and for lists and pages that strangers may see. */
export function maskEmail(canonical: string): string {
  const at = canonical.lastIndexOf('@')
  return `${canonical.slice(0, 1)}…${canonical.slice(at)}`
}
