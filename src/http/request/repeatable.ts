import { AuthdError } from '../../errors.ts'
import type { Described, Repeatable } from '../../flows/repetition/answer-once.ts'
import type { Caller } from '../../flows/repetition/may-repeat.ts'
import type { Identity } from '../../flows/sessions/identify.ts'
import { digest } from '../../platform/secret.ts'
import { parseBody } from './body.ts'
import { CLIENT_HEADER, type Context } from './context.ts'
import type { CookieChange } from './cookies.ts'

/** draft-ietf-httpapi-idempotency-key-header. */
export const KEY_HEADER = 'Idempotency-Key'
/** The field of each form with its one-time id. */
const ONCE_FIELD = 'once'

/** What names a request. How long its answer is kept, and who gets it again: flows/signin/{answer-once,may-repeat}.ts. */
interface Declared {
  method: string
  path: string
  limit?: string
}

const KEY = /^[\x21-\x7e]{16,255}$/
const ONCE = /^[\w.-]{22,80}$/

/** What makes a call to the API a repetition: its key, or the proof of an attempt. Throws BAD_REQUEST for a bad key. */
export function repeatableCall(
  ctx: Context,
  declared: Declared & { guard: unknown; isRepeatable?: boolean },
): Repeatable | undefined {
  if (declared.method === 'GET' || declared.isRepeatable === false) return undefined
  const sent = fieldsOf(ctx, 'json')
  const token = sent['attempt_token']
  const isOfAttempt = declared.guard === 'none'
  const attempts = isOfAttempt ? heldOf(ctx, sent['attempt'], token) : []
  const caller = callerOf(ctx, attempts)
  if (ctx.get(KEY_HEADER) !== '') {
    return {
      kind: 'key',
      ...partsOf(ctx, declared),
      once: `${isOfAttempt ? '' : publicCaller(ctx)} ${keyOf(ctx)}`,
      caller,
    }
  }
  const attempt = idOf(sent['token'] ?? attempts[0])
  const isProof = isOfAttempt && declared.limit === 'guess'
  return isProof ? proofOf(ctx, declared, attempt, caller) : undefined
}

/** What makes a posted form a repetition: its one-time id, or the proof of an attempt. */
export function repeatableForm(ctx: Context, declared: Declared): Repeatable | undefined {
  if (declared.method === 'GET') return undefined
  const sent = fieldsOf(ctx, 'form')
  const attempt = sent['attempt']
  const caller = callerOf(ctx, attempt === undefined ? [] : heldOf(ctx, attempt, undefined))
  const once = sent[ONCE_FIELD] ?? ''
  if (ONCE.test(once)) return { kind: 'form', ...partsOf(ctx, declared), once, caller }
  return declared.limit === 'guess' ? proofOf(ctx, declared, attempt, caller) : undefined
}

function proofOf(
  ctx: Context,
  declared: Declared,
  attempt: string | undefined,
  caller: Caller,
): Repeatable | undefined {
  if (attempt === undefined) return undefined
  return { kind: 'proof', ...partsOf(ctx, declared), once: attempt, caller }
}

/** All that the work reads of a request makes it another one: a parameter, a header and the body. */
function partsOf(ctx: Context, { method }: Declared): Pick<Repeatable, 'route' | 'bodyDigest'> {
  const { state, path, querystring } = ctx
  const read = [querystring, ctx.get('Content-Type'), ctx.get(CLIENT_HEADER), state.body.toString('latin1')]
  return { route: `${method} ${path}`, bodyDigest: digest(read.join('\n')) }
}

function keyOf(ctx: Context): string {
  // The draft has a quoted string. Many clients leave the quotes out.
  const key = ctx.get(KEY_HEADER).replace(/^"(.*)"$/, '$1')
  if (KEY.test(key)) return key
  throw new AuthdError('BAD_REQUEST', {
    message: `${KEY_HEADER}: Use 16 to 255 visible ASCII characters, such as a random UUID.`,
  })
}

/** What a request has proven, and what it shows. The attempts are those that it names. */
function callerOf({ state }: Context, attempts: string[]): Caller {
  const { identity, cookies, ip } = state
  const proven = provenBy(identity)
  const cookieDigests = cookies.sessions.map(cookieDigest)
  const visit = cookies.visit === undefined ? undefined : digest(cookies.visit)
  const { attempts: attemptCookies } = cookies
  return { ...(proven && { proven }), cookieDigests, attempts, attemptCookies, visit, address: ip }
}

function provenBy(identity: Identity): Caller['proven'] {
  if (identity.kind === 'api_key') return { id: identity.key.id, authTime: 0, cookieDigest: null, isNewest: true }
  if (identity.kind !== 'session' || identity.via === 'check_cookie') return undefined
  const { id, authTime, secretDigest } = identity.session
  const isToken = identity.via === 'access_token'
  const isCookie = identity.via === 'cookie' && secretDigest !== null
  return {
    ...{ id, authTime, isNewest: !isToken || identity.isNewest },
    cookieDigest: isCookie ? `${id} ${secretDigest}` : null,
  }
}

/** As of the cookie that identifies a session: its id, and the digest of its secret. */
function cookieDigest(text: string): string {
  const [id = '', secret = ''] = text.split('.')
  return `${id} ${digest(secret)}`
}

/** The attempt tokens that a request means: that of its body, else those of its cookie, of one attempt if it names one. */
function heldOf({ state }: Context, attempt: string | undefined, token: string | undefined): string[] {
  if (token !== undefined) return [token]
  return state.cookies.attempts.filter((text) => attempt === undefined || text.startsWith(`${attempt}.`))
}

/**
 * What names the caller without being secret, and stays the same when a credential is replaced. Where an attempt signs in,
 * nothing does: it leads from the attempt to a session.
 */
function publicCaller({ state, req }: Context): string {
  const { identity, cookies } = state
  if (identity.kind === 'session') return identity.session.id
  if (identity.kind === 'api_key') return identity.key.id
  const bearer = req.headers.authorization
  if (bearer !== undefined) return idOf(bearer.replace(/^Bearer /i, '')) ?? digest(bearer)
  return idOf(cookies.sessions[0]) ?? ''
}

/** The id in a token `ses_<id>.<secret>` or `att_<id>.<secret>`. */
function idOf(token: string | undefined): string | undefined {
  return /^((?:ses|att)_[0-9a-z]{26})\./.exec(token ?? '')?.[1]
}

/** The text fields of a body. The route rejects one that cannot be read. */
function fieldsOf(ctx: Context, type: 'json' | 'form'): Record<string, string | undefined> {
  try {
    const body = Object(parseBody(ctx, type)) as Record<string, unknown>
    return Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'string')) as Record<
      string,
      string
    >
  } catch (error) {
    if (error instanceof AuthdError) return {}
    throw error
  }
}

/** Tells what an answer is to those who repeat its request. */
export function describeAnswer(answer: { status?: number; cookies?: CookieChange[]; body?: unknown }): Described {
  const { status = 200, cookies = [], body } = answer
  const started = cookies.find((change) => change.kind === 'session')
  const { session } = Object(body) as Record<string, unknown>
  const inBody = (session as { id?: unknown } | undefined)?.id
  return {
    isFailure: status >= 400,
    isEnding: cookies.some(({ kind }) => kind === 'session_ended'),
    sessionId: idOf(started?.value) ?? (typeof inBody === 'string' ? inBody : undefined),
    isEmpty: status === 204,
  }
}

/**
 * The cookies that an answer sets in this browser. A repetition leaves a live session as it is, because its cookie may be
 * newer than the answer.
 */
export function cookiesFor(ctx: Context, cookies: CookieChange[] = [], { isRepeated }: { isRepeated: boolean }) {
  const { identity } = ctx.state
  const isSignedIn = identity.kind === 'session' && identity.via === 'cookie'
  return isRepeated && isSignedIn ? cookies.filter(({ kind }) => kind !== 'session') : cookies
}
