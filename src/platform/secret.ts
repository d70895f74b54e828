import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Random } from './random.ts'

/** A bearer secret of 256 bits, as text. */
export function mintSecret(random: Pick<Random, 'bytes'>): string {
  return random.bytes(32).toString('base64url')
}

/** What authd stores of a secret of at least 128 bits: SHA-256 in base64url. */
export function digest(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/** Compares in constant time. Only a different length returns early, because lengths are public. */
export function equalSecrets(left: string, right: string): boolean {
  const a = Buffer.from(left)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}

export interface Token {
  id: string
  secret: string
}

const TOKEN = /^([a-z]{2,4}_[0-9a-z]{26})\.([A-Za-z0-9_-]{43})$/

/** Parses `<id>.<256-bit secret>`, whose id starts with the prefix. Returns undefined for any other text. */
export function parseToken(prefix: string, text: string | undefined): Token | undefined {
  const [, id, secret] = TOKEN.exec(text ?? '') ?? []
  return id?.startsWith(`${prefix}_`) && secret ? { id, secret } : undefined
}

/** A token of authd or a JWT, anywhere in a text. */
const BEARER =
  /\b((?:ses|att|dev|key|chk|inv|rec|emc|end)_[0-9a-z]{26})\.[A-Za-z0-9_-]{20,}|\brt_[0-9a-z]{26}\.\d+\.[A-Za-z0-9_-]+|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g

/** Removes the secret part of each authd token from a text. Ids remain. */
export function hideTokens(text: string): string {
  return text.replace(BEARER, (_, id?: string) => `${id ?? 'token'}.[redacted]`)
}

export type HmacKey = KeyObject

/** A key for hmac, from random bytes in base64url. Keep it, because creating it costs more than using it. */
export function hmacKey(text: string): HmacKey {
  return createSecretKey(text, 'base64url')
}

/** HMAC-SHA256, base64url. */
export function hmac(key: HmacKey, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

/** Rejects padding, spaces and unused bits, which jose accepts, so that each value has one form. */
export function isCanonicalBase64url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text
}
