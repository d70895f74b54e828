import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { parseColour } from '../platform/accent.ts'
import { parseEmailAddress } from '../platform/email-address.ts'
import { splitListenAddress } from '../platform/net/listen-address.ts'
import { isPlainPath } from '../platform/net/plain-path.ts'
import { BadPostgresUrl, parsePostgresUrl } from '../platform/net/postgres-url.ts'
import { unplainIn } from '../platform/plain-text.ts'
import { type BadValue, type Kind, text } from './kind.ts'
import { isSampleSecret } from './sample-secret.ts'

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Says whether only this machine can reach a host: a name, or an address with or without brackets. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare)
}

/** A host name or an address, without a port. */
export function host(): Kind<string> {
  return text('a host name or address', (value) => {
    if (isIP(value) !== 0 || isHostName(value)) return undefined
    const [, name, port] = /^\[?(.+?)\]?:(\d+)$/.exec(value) ?? []
    if (name && port && isIP(value) === 0) return { suggestion: `Write host = "${name}" and port = ${port}` }
    const [, scheme] = /^(\w+):\/\//.exec(value) ?? []
    if (scheme) return { suggestion: `Remove "${scheme}://"` }
    return value.startsWith('[') ? { suggestion: 'Write the address without brackets' } : {}
  })
}

/** The address of a separate listener. */
export function listenAddress(): Kind<string> {
  return text('an address and a port, such as "127.0.0.1:9464" or "[::1]:9464"', (value) =>
    splitListenAddress(value) ? undefined : {},
  )
}

export function domainName(): Kind<string> {
  return text('a domain name in lower-case ASCII, such as "example.com"', (value) => {
    const ascii = domainToASCII(value.replace(/^@|^\*\./, '')).toLowerCase()
    if (ascii === value && isHostName(value) && isIP(value) === 0) return undefined
    return isHostName(ascii) && isIP(ascii) === 0 ? { suggestion: `Write "${ascii}"` } : {}
  })
}

/** The address of authd. It is also the issuer of tokens, so it must have exactly one form. */
export function publicUrl(): Kind<string> {
  return text('a URL such as "https://auth.example.com"', (value) => {
    const url = parseUrl(value)
    if (!url) return { suggestion: `Write "https://${isHostName(value) ? value : 'auth.example.com'}"` }
    const right = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
    const fault = refuseWebUrl(url, right)
    if (fault) return fault
    if (url.search || url.hash)
      return { message: 'must not have a query or a fragment', suggestion: `Write "${right}"` }
    if (value.endsWith('/')) return { message: 'must not end with a slash', suggestion: `Write "${right}"` }
    return value === right ? undefined : { suggestion: `Write "${right}"` }
  })
}

/** One complete URL of an application. It is compared as written. */
export function exactUrl(): Kind<string> {
  return text('a full URL such as "https://app.example.com/welcome"', refuseExactUrl)
}

/** One complete URL of an application, or the beginning of many: `https://app.example.com/*`. */
export function redirectUrl(): Kind<string> {
  return text('a full URL such as "https://app.example.com/welcome", or "https://app.example.com/*"', (value) => {
    const beginning = value.endsWith('/*') ? value.slice(0, -1) : undefined
    if (beginning === undefined || beginning.includes('*')) return refuseExactUrl(value)
    const url = parseUrl(beginning)
    if (!url) return { suggestion: 'Write the full URL, with https://' }
    const fixed = URL.parse(url.origin + `${safeDecode(url.pathname)}/`.replace(/\/{2,}/g, '/'))
    const isFixed = fixed !== null && isPlainPath(fixed.pathname)
    const suggestion = isFixed ? `Write "${fixed.href}*"` : 'Write the path as plain text, such as "/shop/*"'
    if (url.search || url.hash) return { message: 'must not have a query or a fragment before "/*"', suggestion }
    const fault = refuseWebUrl(url, value)
    if (fault) return fault
    const message = `"${value}" matches no address: its path has an empty part, a part of dots, or an encoded slash`
    if (!isPlainPath(url.pathname)) return { message, suggestion }
    // Addresses are compared in the spelling of browsers.
    return url.href === beginning ? undefined : { suggestion }
  })
}

/** Scheme, host and port, as browsers send them. */
export function webOrigin(): Kind<string> {
  return text('origins such as "https://app.example.com"', (value) => {
    if (value === '*') return { message: 'contains a wildcard', suggestion: 'List every origin in full' }
    const url = parseUrl(value)
    if (!url) return { suggestion: 'Write scheme and host: "https://app.example.com"' }
    return refuseWebUrl(url, url.origin) ?? (url.origin === value ? undefined : { suggestion: `Write "${url.origin}"` })
  })
}

export function postgresUrl(): Kind<string> {
  return text('a URL such as "postgres://authd@localhost/authd"', (value) => {
    try {
      if (!isSampleSecret(parsePostgresUrl(value).password ?? '')) return undefined
    } catch (error) {
      if (!(error instanceof BadPostgresUrl)) throw error
      return { message: error.message, suggestion: error.suggestion }
    }
    return { message: 'contains a sample password that everybody knows', suggestion: 'Give the database user its own' }
  })
}

/** An IP address or a range of them. */
export function cidr(): Kind<string> {
  return text('addresses or ranges such as "10.0.0.0/8"', (value) => {
    const [address = '', bits, ...rest] = value.split('/')
    const version = isIP(address)
    if (version === 0 || address.includes('%') || rest.length > 0) return {}
    const widest = version === 4 ? 32 : 128
    if (bits === undefined) return undefined
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > widest) return { suggestion: `Write "${address}/${widest}"` }
    if (Number(bits) > 0) return undefined
    return { message: `"${value}" would trust everybody`, suggestion: 'Name the addresses of your own proxies' }
  })
}

const DISPLAY_NAME = /^(?:[^\p{Cc}<>@,;:"\\]*|"[^\p{Cc}"\\]*")$/u

/** `Example <no-reply@example.com>`, or the address alone. */
export function mailbox(): Kind<string> {
  return text('an address such as "Example <no-reply@example.com>"', (value) => {
    const [, name, bracketed] = /^(.*?)\s*<([^<>]+)>$/.exec(value) ?? []
    const isGood =
      DISPLAY_NAME.test(name ?? '') && unplainIn(value) === undefined && parseEmailAddress(bracketed ?? value)
    return isGood ? undefined : { suggestion: 'Write NAME <LOCAL@DOMAIN>, and put a name with commas in quotes' }
  })
}

/** A colour of pages and mails. Mail programs know few other forms. */
export function colour(): Kind<string> {
  return text('a colour of six hexadecimal digits, such as "#17614f"', (value) => {
    if (parseColour(value) !== undefined) return undefined
    const bare = parseColour(`#${value}`)
    return bare === undefined ? {} : { suggestion: `Write "${bare}"` }
  })
}

/** One plain address, in its canonical form. */
export function emailAddress(): Kind<string> {
  return text('an address such as "admin@example.com"', (value) => {
    const address = parseEmailAddress(value)
    if (address?.canonical === value) return undefined
    return address ? { suggestion: `Write "${address.canonical}"` } : {}
  })
}

function isHostName(name: string): boolean {
  const labels = name.toLowerCase().split('.')
  return name.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
}

function parseUrl(value: string): URL | undefined {
  const url = URL.parse(value)
  return url && /^[a-z+]+:\/\//i.test(value) ? url : undefined
}

function refuseWebUrl(url: URL, right: string): BadValue | undefined {
  if (url.username || url.password) return { message: 'must not contain a user name or password' }
  if (url.protocol === 'https:') return undefined
  if (url.protocol !== 'http:') return { message: `must start with https://, not ${url.protocol}//` }
  if (isLoopbackHost(url.hostname)) return undefined
  const suggestion = `Write "${right.replace(/^http:/i, 'https:')}"`
  return { message: 'may use plain http only for localhost', suggestion }
}

function refuseExactUrl(value: string): BadValue | undefined {
  if (value.includes('*')) return { message: 'contains a wildcard', suggestion: 'List every URL in full' }
  const url = parseUrl(value)
  if (!url) return { suggestion: 'Write the full URL, with https://' }
  if (url.hash) return { message: 'must not have a fragment', suggestion: `Write "${value.split('#')[0]}"` }
  return refuseWebUrl(url, value)
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // A stray % is part of the path.
  }
}
