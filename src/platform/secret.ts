import { createHmac, createSecretKey, hash, type KeyObject, scrypt, timingSafeEqual } from 'node:crypto'
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
  /\b((?:ses|att|dev|key|chk|inv|rec|emc)_[0-9a-z]{26})\.[A-Za-z0-9_-]{20,}|\brt_[0-9a-z]{26}\.\d+\.[A-Za-z0-9_-]+|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g

/** Removes the secret part of each authd token from a text. Ids remain. */
export function hideTokens(text: string): string {
  return text.replace(BEARER, (_, id?: string) => `${id ?? 'token'}.[redacted]`)
}

const LONG_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Six digits, uniform. */
export function mintShortCode(random: Pick<Random, 'int'>): string {
  return String(random.int(1_000_000)).padStart(6, '0')
}

/** 60 bits, as twelve characters: `7K2M-9QXC-01ZT`. */
export function mintLongCode(random: Pick<Random, 'bytes'>): string {
  return mintGroups(random, 12)
}

/** 120 bits, as 24 characters: `7K2M-9QXC-01ZT-4HNB-8E6W-PT3A`. A digest is enough for it (OWASP ASVS 5.0 6.5.2). */
export function mintRecoveryCode(random: Pick<Random, 'bytes'>): string {
  return mintGroups(random, 24)
}

function mintGroups(random: Pick<Random, 'bytes'>, length: number): string {
  const characters = Array.from(random.bytes(length), (byte) => LONG_ALPHABET[byte & 31]).join('')
  return characters.replace(/(.{4})(?=.)/g, '$1-')
}

/** What comes with a code that was copied or typed: spaces, dashes, dots, quotes and characters that are not shown. */
const AROUND_CODES = /[\p{Z}\p{C}\p{Pd}\p{Pi}\p{Pf}\u2212"'`´.]/gu

/**
 * Brings a typed code into one form: the digits of any script and full-width letters as ASCII, upper case, O, I and L as
 * the digits they look like, and nothing around them.
 */
export function normalizeCode(typed: string): string {
  const plain = typed
    .normalize('NFKC')
    .replace(AROUND_CODES, '')
    .replace(/\p{Nd}/gu, asciiDigit)
  return plain.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
}

/** The digits of a script stand in a row, from 0 to 9. */
function asciiDigit(digit: string): string {
  const at = digit.codePointAt(0) ?? 0
  let before = 0
  while (/\p{Nd}/u.test(String.fromCodePoint(at - before - 1))) before += 1
  return String(before % 10)
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

export type SlowHash = (code: string, salt: string) => Promise<string>

/** More slow hashes are asked for than this process may compute. Try again in a moment. */
export class HashesBusy extends Error {}

/** Half of the threads of Node's pool, because DNS look-ups and files need the others. */
const HASHES_AT_ONCE = 2
const HASHES_WAITING = 8

/**
 * What authd keeps of recovery codes of 60 bits, in base64url. Newer codes have more bits and need no slow hash. With
 * this cost one hash takes 32 MiB and about 60 ms (RFC 7914), outside the event loop.
 */
export const slowHash = scryptHash(2 ** 15)

/** Computes at most two hashes at once, and lets at most eight wait. Throws HashesBusy for any other. */
export function fewAtOnce(hash: SlowHash): SlowHash {
  let running = 0
  const waiting: (() => void)[] = []
  return async (code, salt) => {
    if (running >= HASHES_AT_ONCE) {
      if (waiting.length >= HASHES_WAITING) throw new HashesBusy('too many slow hashes at once')
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await hash(code, salt)
    } finally {
      // The next one takes over this place.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

export function scryptHash(cost: number): SlowHash {
  const options = { N: cost, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
  return async (code, salt) =>
    await new Promise((resolve, reject) => {
      scrypt(code, salt, 32, options, (error, key) => (error ? reject(error) : resolve(key.toString('base64url'))))
    })
}
