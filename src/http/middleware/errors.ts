import { STATUS_CODES } from 'node:http'
import type { Deps } from '../../deps.ts'
import { AuthdError, ERRORS, type ErrorCode } from '../../errors.ts'
import { seldom } from '../../flows/limits/hourly-record.ts'
import { toAuthdError } from '../../flows/shown-error.ts'
import { shortened, shortenedIn } from '../../platform/plain-text.ts'
import type { Context, Next } from '../request/context.ts'
import { challengesOf } from './challenge.ts'
import { oauthError } from './oauth-error.ts'

const WRONG_HOST =
  'a request names another host: pass Host on in the proxy, or set public_url to the name that people use'

/** `RATE_LIMITED` → `rate-limited`: the last part of a problem's address. */
export function problemName(code: ErrorCode): string {
  return code.toLowerCase().replaceAll('_', '-')
}

/** The body of an error (RFC 9457), with the four members that clients may also rely on. */
function problemDocument(error: AuthdError, { publicUrl, requestId }: { publicUrl: string; requestId: string }) {
  return {
    type: `${publicUrl}/problems/${problemName(error.code)}`,
    title: ERRORS[error.code].message,
    status: error.status,
    detail: error.message,
    code: error.code,
    message: error.message,
    ...(error.details && { details: error.details }),
    request_id: requestId,
  }
}

/** The only place where an error becomes an answer. Server faults are logged with their cause, which clients never see. */
export function errors(
  deps: Pick<Deps, 'log' | 'config' | 'clock'>,
  renderError: (ctx: Context, error: AuthdError) => string,
) {
  const isDue = seldom(deps.clock)
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next()
    } catch (thrown) {
      const error = bounded(toAuthdError(withoutHttpErrors(thrown)))
      if (error.status >= 500) {
        deps.log.error('request failed', { request_id: ctx.state.requestId, route: ctx.state.route, error })
      }
      if (error.code === 'MISDIRECTED_REQUEST' && isDue(ctx.get('Host'))) {
        deps.log.warn(WRONG_HOST, { host: ctx.get('Host'), public_url: deps.config.current().publicUrl })
      }
      const oauth = ctx.state.isOauth ? oauthError(error) : undefined
      ctx.status = oauth?.status ?? error.status
      ctx.compress = false
      if (error.retryAfter !== undefined) ctx.set('Retry-After', String(error.retryAfter))
      const challenges = oauth?.name === 'invalid_grant' ? [] : challengesOf(ctx, error)
      if (challenges.length > 0) ctx.set('WWW-Authenticate', challenges)
      if (ctx.state.isPage) {
        ctx.type = 'html'
        ctx.body = renderError(ctx, error)
        return
      }
      if (oauth) {
        ctx.body = { error: oauth.name, error_description: oauth.description }
        return
      }
      const { publicUrl } = deps.config.current()
      const document = problemDocument(error, { publicUrl, requestId: ctx.state.requestId })
      ctx.body = JSON.stringify(document)
      ctx.set('Content-Type', 'application/problem+json; charset=utf-8')
    }
  }
}

/** A short answer, whatever the request was: an error may repeat what was sent. */
const MESSAGE_MAX = 500
const DETAIL_MAX = 300

function bounded(error: AuthdError): AuthdError {
  const { code, details, suggestions, retryAfter, cause } = error
  return new AuthdError(code, {
    message: shortened(error.message, MESSAGE_MAX),
    ...(details && { details: shortenedIn(details, DETAIL_MAX) as Record<string, unknown> }),
    suggestions,
    ...(retryAfter !== undefined && { retryAfter }),
    cause,
  })
}

/** koa and its router throw their own 4xx errors for requests that they cannot parse. */
function withoutHttpErrors(thrown: unknown): unknown {
  const status = thrown instanceof Error && 'status' in thrown ? Number(thrown.status) : 500
  if (thrown instanceof AuthdError || !(status >= 400 && status < 500) || STATUS_CODES[status] === undefined)
    return thrown
  return new AuthdError('BAD_REQUEST', { cause: thrown })
}
