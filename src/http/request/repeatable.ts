import { AuthdError } from '../../errors.ts'
import type { Described, Repeatable } from '../../flows/answer-once.ts'
import { digest } from '../../platform/secret.ts'
import { parseBody } from './body.ts'
import type { Context } from './context.ts'
import type { CookieChange } from './cookies.ts'

/** draft-ietf-httpapi-idempotency-key-header. */
export const KEY_HEADER = 'Idempotency-Key'
/** The field of each form with its one-time id. */
const ONCE_FIELD = 'once'

interface Declared {
  method: string
  path: string
  limit?: string
}

const KEY = /^[\x21-\x7e]{16,255}$/
const ONCE = /^[A-Za-z0-9_-]{22,64}$/

/** What makes a call to the API a repetition: its key, or the proof of an attempt. Throws BAD_REQUEST for a bad key. */
export function repeatableCall(ctx: Context, declared: Declared & { guard: unknown }): Repeatable | undefined {
  if (declared.method === 'GET') return undefined
  const sent = fieldsOf(ctx, 'json')
  const token = sent['attempt_token']
  const shows = [...shownBy(ctx), ...(token === undefined ? [] : [token])]
  if (ctx.get(KEY_HEADER) !== '') {
    return { kind: 'key', ...routeOf(ctx, declared), once: `${publicCaller(ctx, token)} ${keyOf(ctx)}`, shows }
  }
  const attempt = idOf(token ?? sent['token'] ?? ctx.state.cookies.attempts[0])
  const isProof = declared.limit === 'guess' && declared.guard === 'none'
  return isProof ? proofOf(ctx, declared, attempt, shows) : undefined
}

/** What makes a posted form a repetition: its one-time id, or the proof of an attempt. */
export function repeatableForm(ctx: Context, declared: Declared): Repeatable | undefined {
  if (declared.method === 'GET') return undefined
  const sent = fieldsOf(ctx, 'form')
  const shows = shownBy(ctx)
  const once = sent[ONCE_FIELD] ?? ''
  if (ONCE.test(once)) return { kind: 'form', ...routeOf(ctx, declared), once, shows }
  return declared.limit === 'guess' ? proofOf(ctx, declared, sent['attempt'], shows) : undefined
}

function proofOf(
  ctx: Context,
  declared: Declared,
  attempt: string | undefined,
  shows: string[],
): Repeatable | undefined {
  if (attempt === undefined || shows.length === 0) return undefined
  return { kind: 'proof', ...routeOf(ctx, declared), once: attempt, shows }
}

function routeOf({ state, path }: Context, { method }: Declared): Pick<Repeatable, 'route' | 'bodyDigest'> {
  return { route: `${method} ${path}`, bodyDigest: digest(state.body.toString('latin1')) }
}

function keyOf(ctx: Context): string {
  // The draft has a quoted string. Many clients leave the quotes out.
  const key = ctx.get(KEY_HEADER).replace(/^"(.*)"$/, '$1')
  if (KEY.test(key)) return key
  throw new AuthdError('BAD_REQUEST', {
    message: `${KEY_HEADER}: Use 16 to 255 visible ASCII characters, such as a random UUID.`,
  })
}

/** The credentials of a request. An access token counts as its session, because clients renew it. */
function shownBy({ state, req }: Context): string[] {
  const { identity, cookies } = state
  const bearer = req.headers.authorization
  const isToken = identity.kind === 'session' && identity.via === 'access_token'
  return [
    ...(bearer === undefined ? [] : [isToken ? `session ${identity.session.id}` : bearer]),
    ...cookies.sessions,
    ...cookies.attempts,
  ]
}

/** What names the caller without being secret, and stays the same when a credential is replaced. */
function publicCaller({ state, req }: Context, attemptToken: string | undefined): string {
  const { identity, cookies } = state
  if (identity.kind === 'session') return identity.session.id
  if (identity.kind === 'api_key') return identity.key.id
  const bearer = req.headers.authorization
  if (bearer !== undefined) return idOf(bearer.replace(/^Bearer /i, '')) ?? digest(bearer)
  return idOf(cookies.sessions[0]) ?? idOf(attemptToken) ?? ''
}

/** The id of `ses_<id>.<secret>`, and of attempts. */
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

/** Tells what an answer is worth to those who repeat its request. */
export function describeAnswer({
  status = 200,
  cookies = [],
}: {
  status?: number
  cookies?: CookieChange[]
}): Described {
  const gives = cookies.flatMap((change) =>
    change.kind === 'session' ? [change.value] : change.kind === 'attempt' ? [change.token] : [],
  )
  return { isFailure: status >= 400, gives, isEnding: cookies.some(({ kind }) => kind === 'session_ended') }
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
