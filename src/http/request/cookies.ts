import type { Config } from '../../config/schema.ts'
import type { Holding } from '../../flows/signin/held-attempt.ts'
import { parseToken } from '../../platform/secret.ts'

/** The names of the cookies. With https they start with `__Host-`, so that no subdomain can write them. */
export interface CookieNames {
  session: string
  attempt: string
  device: string
  /** Binds the passkey challenge of a page to its browser. */
  visit: string
  language: string
  /** For apps on other hosts of `session.cookie_domain`. It only lets them ask who is signed in. */
  check: string
  checkDomain: string | undefined
}

const YEAR_S = 365 * 24 * 60 * 60
/** The longest life of an attempt. */
const ATTEMPT_S = 30 * 60
/** Longer than a sign-in page stays open. */
const VISIT_S = 24 * 60 * 60
const VISIT = /^[\w-]{43}$/
const ATTEMPTS_KEPT = 3
const VALUES_TRIED = 3

export function cookieNames({ publicUrl, session }: Pick<Config, 'publicUrl' | 'session'>): CookieNames {
  const isHttps = publicUrl.startsWith('https:')
  const prefix = isHttps ? '__Host-' : ''
  return {
    session: `${prefix}authd`,
    attempt: `${prefix}authd-attempt`,
    device: `${prefix}authd-device`,
    visit: `${prefix}authd-visit`,
    language: `${prefix}authd-language`,
    check: `${isHttps ? '__Secure-' : ''}authd-check`,
    checkDomain: session.cookieDomain,
  }
}

/** A browser sends two cookies of one name if a parent domain set the other, so no value is taken for the only one. */
export interface RequestCookies {
  /** As sent: which of them is valid, only the database knows. */
  sessions: string[]
  /** Newest first. */
  attempts: string[]
  /** Those of `attempts` without a mail. A page that offers passkeys begins one by itself. */
  unmailed: string[]
  device: string | undefined
  visit: string | undefined
  /** What the user chose, or an app for them. It proves nothing. */
  language: string | undefined
  checks: string[]
}

export const NO_COOKIES: RequestCookies = {
  sessions: [],
  attempts: [],
  unmailed: [],
  device: undefined,
  visit: undefined,
  language: undefined,
  checks: [],
}

/** The browser sent none of them. */
export function hasNone({ sessions, attempts, device, visit, language, checks }: RequestCookies): boolean {
  const single = [device, visit, language].filter((value) => value !== undefined)
  return sessions.length + attempts.length + checks.length + single.length === 0
}

/** Reads authd's cookies, and at most three values of each. More are not a browser's. */
export function readCookies(header: string | undefined, names: CookieNames): RequestCookies {
  const pairs = (header ?? '').split(';').map((pair) => {
    const at = pair.indexOf('=')
    return { name: pair.slice(0, Math.max(0, at)).trim(), value: pair.slice(at + 1).trim() }
  })
  const valuesOf = (wanted: string) => {
    const sent = pairs.filter(({ name, value }) => name === wanted && value !== '').map(({ value }) => value)
    return [...new Set(sent)].slice(0, VALUES_TRIED)
  }
  const tokens = valuesOf(names.attempt).flatMap((value) => kept(value.split('~'), isMarked))
  return {
    sessions: valuesOf(names.session),
    attempts: [...new Set(tokens.map(unmarked))],
    unmailed: tokens.filter(isMarked).map(unmarked),
    device: valuesOf(names.device).find((value) => parseToken('dev', value)),
    visit: valuesOf(names.visit).find((value) => VISIT.test(value)),
    language: valuesOf(names.language)[0],
    checks: valuesOf(names.check),
  }
}

/** Before the token of an attempt without a mail. */
const MARK = '-'
const isMarked = (token: string) => token.startsWith(MARK)
const unmarked = (token: string) => (isMarked(token) ? token.slice(MARK.length) : token)

/** The newest three attempts with a mail, and one without: no page that is merely opened ends what a mail began. */
function kept(tokens: string[], isUnmailed: (token: string) => boolean): string[] {
  const mailed = tokens.filter((token) => !isUnmailed(token)).slice(0, ATTEMPTS_KEPT)
  const unmailed = tokens.find(isUnmailed)
  return tokens.filter((token) => token === unmailed || mailed.includes(token))
}

/** A change to the browser's cookies. */
export type CookieChange =
  | { kind: 'session'; value: string; check: string | undefined; maxAgeMs: number }
  | { kind: 'session_ended' }
  | { kind: 'attempt'; token: string; isUnmailed?: boolean }
  | { kind: 'attempt_ended'; attemptId: string }
  | { kind: 'device'; value: string }
  | { kind: 'visit'; value: string }
  | { kind: 'language'; value: string }

/** The values of `Set-Cookie` for a change. `held`: what the browser sent. */
export function setCookies(change: CookieChange, names: CookieNames, held: RequestCookies): string[] {
  switch (change.kind) {
    case 'session':
      return sessionCookies(names, change, Math.floor(change.maxAgeMs / 1000))
    case 'session_ended':
      return sessionCookies(names, { value: '', check: '' }, 0)
    case 'attempt': {
      const others = held.attempts.filter((token) => token !== change.token)
      const unmailed = [...held.unmailed, ...(change.isUnmailed ? [change.token] : [])]
      return [attemptCookie(names, [change.token, ...others], unmailed)]
    }
    case 'attempt_ended': {
      const left = held.attempts.filter((token) => !token.startsWith(`${change.attemptId}.`))
      return [attemptCookie(names, left, held.unmailed)]
    }
    case 'device':
      return [cookie(names.device, change.value, YEAR_S)]
    case 'visit':
      return [cookie(names.visit, change.value, VISIT_S)]
    case 'language':
      return [cookie(names.language, change.value, YEAR_S)]
  }
}

function attemptCookie(names: CookieNames, attempts: string[], unmailed: string[]): string {
  const tokens = kept(attempts, (token) => unmailed.includes(token))
  const marked = tokens.map((token) => (unmailed.includes(token) ? MARK + token : token))
  return cookie(names.attempt, marked.join('~'), marked.length > 0 ? ATTEMPT_S : 0)
}

/** The session cookie, and with `session.cookie_domain` the one for sibling hosts. */
function sessionCookies(
  names: CookieNames,
  { value, check }: { value: string; check: string | undefined },
  maxAgeS: number,
): string[] {
  const own = cookie(names.session, value, maxAgeS)
  const isShared = check !== undefined && names.checkDomain !== undefined
  return isShared ? [own, `${cookie(names.check, check, maxAgeS)}; Domain=${names.checkDomain}`] : [own]
}

/** Lax rather than Strict, because links are opened from webmail. */
function cookie(name: string, value: string, maxAgeS: number): string {
  const secure = /^__(Host|Secure)-/.test(name) ? '; Secure' : ''
  return `${name}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`
}

/** The attempts that a request holds: first the token in its body, then those in the cookie. */
export function holdingOf(
  cookies: RequestCookies,
  token?: string | undefined,
  attemptId?: string | undefined,
): Holding {
  return { token, attemptId, cookies: cookies.attempts }
}
