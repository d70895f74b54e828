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
