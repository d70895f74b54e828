import { AuthdError } from '../../errors.ts'
import type { Guard } from '../../flows/sessions/guard.ts'
import { type DeclaredBody, readBody } from './body.ts'
import type { Context } from './context.ts'
import type { RequestCookies } from './cookies.ts'

interface Declared {
  guard: Guard
  body?: DeclaredBody
  cookies?: (body: Readonly<Record<string, unknown>>, held: RequestCookies) => boolean
}

/**
 * Says whether a request brings its own credential: an API key, a token, or the attempt token of an app. Then its cookies
 * do not count and its answer sets none, because most HTTP clients send back whatever cookies they get. They do not count
 * for a body that the route rejects either, so that it gets the same error from every client.
 */
export function hasOwnCredential(ctx: Context, { guard, body, cookies }: Declared, held: RequestCookies): boolean {
  if (typeof guard === 'object' || ctx.req.headers.authorization !== undefined) return true
  if (guard !== 'none') return false
  if (cookies === undefined) return true
  const fields = body ? fieldsOf(ctx, body) : {}
  return fields === undefined || !cookies(fields, held)
}

/** For routes that take an attempt token: cookies count if they hold that attempt, or if the body names none. */
export function holdsAttempt(body: Readonly<Record<string, unknown>>, { attempts }: RequestCookies): boolean {
  const token = body['attempt_token']
  return typeof token !== 'string' || attempts.includes(token)
}

/** Like holdsAttempt, for the route of a link, whose token also names its attempt. */
export function holdsLink(body: Readonly<Record<string, unknown>>, held: RequestCookies): boolean {
  const attemptOf = (token: unknown) => String(token).split('.')[0]
  if (body['attempt_token'] !== undefined) return holdsAttempt(body, held)
  return held.attempts.some((token) => attemptOf(token) === attemptOf(body['token']))
}

/** The fields of a body. Undefined for one that the route rejects. */
function fieldsOf(ctx: Context, declared: DeclaredBody): Readonly<Record<string, unknown>> | undefined {
  try {
    const fields = readBody(ctx, declared)
    return typeof fields === 'object' && fields !== null ? { ...fields } : {}
  } catch (error) {
    if (error instanceof AuthdError) return undefined
    throw error
  }
}
