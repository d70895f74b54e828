import type { Random } from './random.ts'

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

/** What comes with a code that was copied or typed: spaces, dashes, quotes, brackets, characters that are not shown. */
const AROUND_CODES = /[^\p{L}\p{N}]/gu

/**
 * Brings a typed code into one form: the digits of any script and full-width letters as ASCII, upper case, O, I and L as
 * the digits they look like, and nothing around them.
 */
export function normalizeCode(typed: string): string {
  return plainOf(typed).toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
}

/** The six digits in what was typed, also among the words that were pasted with them. Undefined if it has not exactly one such run. */
export function findShortCode(typed: string): string | undefined {
  const pasted = (plainOf(typed).match(/\d+/g) ?? []).filter((digits) => digits.length === 6)
  if (pasted.length === 1) return pasted[0]
  const code = normalizeCode(typed)
  return /^\d{6}$/.test(code) ? code : undefined
}

/** The twelve characters of a long code. Undefined: these are not twelve. */
export function findLongCode(typed: string): string | undefined {
  const code = normalizeCode(typed)
  return /^[0-9A-Z]{12}$/.test(code) ? code : undefined
}

function plainOf(typed: string): string {
  return typed
    .normalize('NFKC')
    .replace(AROUND_CODES, '')
    .replace(/\p{Nd}/gu, asciiDigit)
}

/** The digits of a script stand in a row, from 0 to 9. */
function asciiDigit(digit: string): string {
  const at = digit.codePointAt(0) ?? 0
  let before = 0
  while (/\p{Nd}/u.test(String.fromCodePoint(at - before - 1))) before += 1
  return String(before % 10)
}
