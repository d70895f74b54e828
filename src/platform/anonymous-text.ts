import { isIP } from 'node:net'
import { hideTokens } from './secret.ts'

/** Characters that JSON and URLs write in other ways, several times over if need be. */
const WRITTEN: [RegExp, string][] = [
  [/\\+u0040|%(?:25)*40/gi, '@'],
  [/\\+u003a|%(?:25)*3a/gi, ':'],
  [/\\([nrt])(?=[\da-f:])/gi, '\\$1 '],
]
/** Up to the last `@` before a path: a password may have any sign in it. */
const CREDENTIALS = /(?<=:\/\/)[^\s/]*(?=@)/g
const HEADER = /\b((?:proxy-)?authorization|(?:set-)?cookie)(\\*["']?\s*[:=]\s*\\*["']?)[^\n"\\]+/gi
const GIVEN = /\b(pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key)=[^\s"'&,;\\]+/gi
/** RFC 2047. */
const ENCODED_WORD = /=\?[^?\s]+\?[bq]\?[^?\s]*\?=/gi
const QUOTED_EMAIL = /"[^"\n]*"@[\p{L}\p{N}.-]+/gu
const EMAIL = /[^\s"'<>(),;:@[\]=&?/\\|]+(?:@|%40)[\p{L}\p{N}.-]+/giu
const ADDRESS =
  /(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}|(?<![\d.])\d{1,3}(?:([.-])\d{1,3})(?:\1\d{1,3}){2}/gi
/** A digest or key. A name of a file is hardly ever so. */
const HEX = /^(?=.*\d)[\da-f]{16,}$/i
/** Of this machine or of every one, so it tells nothing about a person. */
const OWN = new Set(['127.0.0.1', '::1', '0.0.0.0', '::'])
const ID = /\b([a-z]{2,6})_[0-9a-hjkmnp-tv-z]{26}\b/g
/** Secrets, digests and keys of any kind. */
const LONG = /[\w+/-]{32,}={0,2}/g

/**
 * A text without what names a person or opens anything: tokens, the given secrets, mail addresses, IP addresses, ids, and
 * every long run of letters and digits. It removes too much rather than too little.
 */
export function anonymousText(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length)
  const open = known.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), hideTokens(text))
  const written = WRITTEN.reduce((rest, [form, sign]) => rest.replace(form, sign), open)
  return written
    .replace(CREDENTIALS, '[secret]')
    .replace(HEADER, '$1$2[secret]')
    .replace(GIVEN, '$1=[secret]')
    .replace(ENCODED_WORD, '[encoded text]')
    .replace(QUOTED_EMAIL, '[mail address]')
    .replace(EMAIL, '[mail address]')
    .replace(ADDRESS, (found) => (isIP(found.replaceAll('-', '.')) === 0 || OWN.has(found) ? found : '[address]'))
    .replace(ID, '$1_[id]')
    .replace(LONG, (found) => (isRandom(found) ? '[long value]' : found))
}

function isRandom(text: string): boolean {
  return /\d{32}/.test(text) || (kindsIn(text) > 1 && !isPath(text))
}

/** Of digits, small and capital letters: how many of the three there are. */
function kindsIn(text: string): number {
  return [/\d/, /[a-z]/, /[A-Z]/].filter((kind) => kind.test(text)).length
}

/** Base64 has slashes, too. A path begins with one, and no name in it looks like a part of a random value. */
function isPath(text: string): boolean {
  const names = text.split('/')
  return names[0] === '' && names.every((name) => kindsIn(name) < 3 && !HEX.test(name))
}
