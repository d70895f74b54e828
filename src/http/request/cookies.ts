import type { Config } from '../../config/schema.ts'
import type { Holding } from '../../flows/signin/attempt.ts'

/** The cookies. `__Host-` where the public address is https: then no other site or subdomain can write them. */
export interface CookieNames {
  session: string
  attempt: string
  device: string
  /** For applications on other hosts of `session.cookie_domain`: good for asking who is signed in. */
  check: string
  checkDomain: string | undefined
}

const YEAR_S = 365 * 24 * 60 * 60
/** As long as an attempt can live. */
const ATTEMPT_S = 30 * 60
const ATTEMPTS_KEPT = 3

export function cookieNames({ publicUrl, session }: Pick<Config, 'publicUrl' | 'session'>): CookieNames {
  const isHttps = publicUrl.startsWith('https:')
  const prefix = isHttps ? '__Host-' : ''
  return {
    session: `${prefix}authd`,
    attempt: `${prefix}authd-attempt`,
    device: `${prefix}authd-device`,
    check: `${isHttps ? '__Secure-' : ''}authd-check`,
    checkDomain: session.cookieDomain,
  }
}

export interface RequestCookies {
  session: string | undefined
  /** Newest first. */
  attempts: string[]
  device: string | undefined
  check: string | undefined
}

export const NO_COOKIES: RequestCookies = { session: undefined, attempts: [], device: undefined, check: undefined }

/** Reads ours out of a Cookie header; a cookie sent twice counts for nothing, since one of them is somebody else's. */
export function readCookies(header: string | undefined, names: CookieNames): RequestCookies {
  const values = new Map<string, string | undefined>()
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at > 0) values.set(name, values.has(name) ? undefined : pair.slice(at + 1).trim())
  }
  const attempts = values.get(names.attempt)
  return {
    session: values.get(names.session) || undefined,
    attempts: attempts ? attempts.split('~').slice(0, ATTEMPTS_KEPT) : [],
    device: values.get(names.device) || undefined,
    check: values.get(names.check) || undefined,
  }
}

/** What a request may do to the browser's cookies. */
export type CookieChange =
  | { kind: 'session'; value: string; check: string | undefined; maxAgeMs: number }
  | { kind: 'session_ended' }
  | { kind: 'attempt'; token: string; held: string[] }
  | { kind: 'attempt_ended'; attemptId: string; held: string[] }
  | { kind: 'device'; value: string }

/** The values of `Set-Cookie` for a change. */
export function setCookies(change: CookieChange, names: CookieNames): string[] {
  switch (change.kind) {
    case 'session':
      return sessionCookies(names, change, Math.floor(change.maxAgeMs / 1000))
    case 'session_ended':
      return sessionCookies(names, { value: '', check: '' }, 0)
    case 'attempt': {
      const others = change.held.filter((held) => held !== change.token)
      return [cookie(names.attempt, [change.token, ...others].slice(0, ATTEMPTS_KEPT).join('~'), ATTEMPT_S)]
    }
    case 'attempt_ended': {
      const left = change.held.filter((held) => !held.startsWith(`${change.attemptId}.`))
      return [cookie(names.attempt, left.join('~'), left.length > 0 ? ATTEMPT_S : 0)]
    }
    case 'device':
      return [cookie(names.device, change.value, YEAR_S)]
  }
}

/** The session's own cookie, and the one that its siblings may read. */
function sessionCookies(
  names: CookieNames,
  { value, check }: { value: string; check: string | undefined },
  maxAgeS: number,
): string[] {
  const own = cookie(names.session, value, maxAgeS)
  const isShared = check !== undefined && names.checkDomain !== undefined
  return isShared ? [own, `${cookie(names.check, check, maxAgeS)}; Domain=${names.checkDomain}`] : [own]
}

/** Lax, not Strict: a link is opened from webmail. */
function cookie(name: string, value: string, maxAgeS: number): string {
  const secure = /^__(Host|Secure)-/.test(name) ? '; Secure' : ''
  return `${name}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`
}

/** Which attempts a request holds: its body's token first, then the cookie's. */
export function holdingOf(
  cookies: RequestCookies,
  token?: string | undefined,
  attemptId?: string | undefined,
): Holding {
  return { token, attemptId, cookies: cookies.attempts }
}
