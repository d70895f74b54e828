import { z } from 'zod'
import { AuthdError, ERRORS, type ErrorCode } from '../../errors.ts'
import type { Guard } from '../../flows/sessions/guard.ts'
import { idField, sample } from '../../resources/shared-fields.ts'
import { type AnyEndpoint, isForBackends, mayHaveKey } from '../endpoint/endpoint.ts'
import { oauthError } from '../middleware/oauth-error.ts'
import { type HeaderName, headersFor, RATE_LIMIT } from './header.ts'

/** The body of an error (RFC 9457). */
export const problemResource = z
  .strictObject({
    type: z.url().describe('The address of a page about this error.'),
    title: sample('Too many requests. Try again later.').describe('The same text for each error of this code.'),
    status: z.int().describe('The HTTP status.'),
    detail: sample('Too many mails for this address. Try again in 52 minutes.').describe(
      'What went wrong and what to do, for people. The same as `message`.',
    ),
    code: z.enum(Object.keys(ERRORS) as [string, ...string[]]).describe('The error, for programs.'),
    message: sample('Too many mails for this address. Try again in 52 minutes.').describe(
      'What went wrong and what to do, for people.',
    ),
    details: z
      .record(z.string(), z.unknown())
      .optional()
      .describe(
        'More about the error. After `VALIDATION_ERROR`, `errors` lists the first 20 wrong fields with a JSON `pointer`, a `code` and a `message`, and `more` is the number of the others.',
      ),
    request_id: idField('req').describe('The id of this request in the logs of authd, as in `X-Request-ID`.'),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' })

/** The body of an error after a form. */
export const oauthErrorResource = z
  .strictObject({
    error: sample('invalid_grant').describe('The error, for programs (RFC 6749 §5.2).'),
    error_description: sample('This token is not valid.').describe('What went wrong and what to do, for people.'),
  })
  .meta({ id: 'OAuthError', description: 'An error of a request with a form (RFC 6749 §5.2).' })

/** Errors that every route may return: malformed requests, limits, and server faults. */
const EVERYWHERE = [
  'BAD_REQUEST',
  'ADDRESS_BLOCKED',
  'MISDIRECTED_REQUEST',
  'RATE_LIMITED',
  'INTERNAL_ERROR',
  'UNAVAILABLE',
] as const
/** Of requests that may have an `Idempotency-Key`. */
const WITH_KEY = ['REQUEST_IN_PROGRESS', 'IDEMPOTENCY_KEY_REUSED'] as const
const WITH_BODY = ['VALIDATION_ERROR', 'UNSUPPORTED_MEDIA_TYPE'] as const

/** A response of an error status. Routes with the same errors share it by its name. */
interface Failure {
  status: string
  name: string
  response: { description: string; headers: object; content: Record<string, { schema: { $ref: string } }> }
}

/** What each status of an error may have beside what all answers may. */
const HEADERS: Record<number, HeaderName[]> = {
  401: ['WWW-Authenticate'],
  403: ['WWW-Authenticate'],
  409: ['Retry-After'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}

export function failures(declared: AnyEndpoint): Failure[] {
  const { type = 'json', also } = declared.body ?? {}
  const hasProblem = type === 'json' || also !== undefined
  const hasOauth = type === 'form' || also !== undefined
  const codes = codesOf(declared)
  const asProblem = hasProblem ? Map.groupBy(codes, (code) => ERRORS[code].status) : new Map<number, ErrorCode[]>()
  const asOauth = hasOauth ? Map.groupBy(codes, oauthStatus) : new Map<number, ErrorCode[]>()
  return [...new Set([...asProblem.keys(), ...asOauth.keys()])].map((status) => {
    const [problems = [], oauth = []] = [asProblem.get(status), asOauth.get(status)]
    const both = [...new Set([...problems, ...oauth])]
    const description = both.map((code) => `\`${code}\`: ${ERRORS[code].message}`).join('\n\n')
    const names = [...both.map(titled), ...(oauth.length > 0 ? ['OAuthError'] : [])]
    const content = {
      ...(problems.length > 0 && { 'application/problem+json': refTo('Problem') }),
      ...(oauth.length > 0 && { 'application/json': refTo('OAuthError') }),
    }
    return {
      status: String(status),
      name: names.join('Or'),
      response: { description, headers: headersFor(...RATE_LIMIT, ...(HEADERS[status] ?? [])), content },
    }
  })
}

function oauthStatus(code: ErrorCode): number {
  return oauthError(new AuthdError(code)).status
}

function codesOf(declared: AnyEndpoint): ErrorCode[] {
  const codes: ErrorCode[] = [
    ...EVERYWHERE,
    ...(declared.body ? WITH_BODY : []),
    // The body is read before the route is known to take none.
    ...(declared.method === 'GET' ? [] : (['PAYLOAD_TOO_LARGE'] as const)),
    ...(mayHaveKey(declared) ? WITH_KEY : []),
    ...(declared.guard === 'none' ? [] : ofGuard(declared.guard, declared.path)),
    ...(isForBackends(declared) ? (['UNAUTHORIZED'] as const) : []),
    ...(declared.errors ?? []),
    ...(isCookieChange(declared) ? (['CROSS_SITE_REQUEST'] as const) : []),
  ]
  return [...new Set(codes)]
}

/** `RATE_LIMITED` → `RateLimited`. */
function titled(code: ErrorCode): string {
  return code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function refTo(name: string) {
  return { schema: { $ref: `#/components/schemas/${name}` } }
}

/** The errors that a guard may raise. */
function ofGuard(guard: Guard, path: string): ErrorCode[] {
  // Without an admin key in force, the admin API answers 404.
  if (typeof guard === 'object') {
    return ['UNAUTHORIZED', 'FORBIDDEN', ...(path.startsWith('/admin') ? (['NOT_FOUND'] as const) : [])]
  }
  if (guard === 'cookie') return [...ofGuard('session', path), 'FORBIDDEN']
  const mayProve = guard === 'any_session' || guard === 'step_up'
  return [
    'UNAUTHORIZED',
    ...(mayProve || guard === 'enrol' ? [] : (['ENROLMENT_REQUIRED'] as const)),
    ...(mayProve ? [] : (['STEP_UP_REQUIRED'] as const)),
    ...(guard === 'session' || guard === 'any_session' ? [] : (['FORBIDDEN'] as const)),
  ]
}

/** A change with a cookie must come from authd's own pages or a listed origin; see middleware/identify.ts. */
function isCookieChange({ method, guard, cookies }: AnyEndpoint): boolean {
  return method !== 'GET' && typeof guard !== 'object' && (guard !== 'none' || cookies !== undefined)
}
