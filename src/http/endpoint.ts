import type { z } from 'zod'
import type { Deps } from '../deps.ts'
import type { ErrorCode } from '../errors.ts'
import type { Actor } from '../flows/event.ts'
import type { Identity } from '../flows/sessions/identify.ts'
import type { OwnedSession } from '../store/sessions.ts'
import type { CookieChange, RequestCookies } from './cookies.ts'
import type { Limit } from './limits.ts'

/**
 * Who may call. `session`: somebody signed in. `change`: the same, but with an access token only after a step-up, since
 * applications hold those. `enrol`: as `change`, and also whoever must set up a second factor first. `any_session`:
 * whoever holds a session, for what that may always do. A scope: an API key that has it.
 */
export type Guard = 'none' | 'session' | 'change' | 'enrol' | 'any_session' | { scope: string }

export interface EndpointRequest<Body, Query> {
  body: Body
  query: Query
  /** Of the path: `/v1/me/sessions/:id`. */
  params: Record<string, string>
  identity: Identity
  /** Only with a guard that wants one. */
  session: OwnedSession
  cookies: RequestCookies
  actor: Actor
  /** The header, as sent. */
  acceptLanguage: string
}

export interface Answer {
  status: number
  /** Held against the schema of its status in the tests; undefined: no body. */
  body?: unknown
  cookies?: CookieChange[]
  headers?: Record<string, string>
}

/**
 * One declaration a route: the router, the check of what comes in and the OpenAPI document are all made from it.
 * What errors.ts says of every route (400 of a body, 429, 500, 503) is not repeated in `errors`.
 */
export interface Endpoint<Body extends z.ZodType = z.ZodType, Query extends z.ZodType = z.ZodType> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  summary: string
  tag: string
  guard: Guard
  /** Where the rule of limits.ts for its method and guard is not enough. */
  limit?: Limit
  /** `form` for the two calls of RFC 7009 and RFC 7662, which also have RFC 6749's errors. */
  body?: { type: 'json' | 'form'; schema: Body }
  query?: Query
  answers: Record<number, { text: string; schema?: z.ZodType; contentType?: string }>
  errors: ErrorCode[]
  /** May be kept by anybody for so long, and compressed: it holds nothing personal. Seconds. */
  publicMaxAge?: number
  handle(deps: Deps, request: EndpointRequest<z.output<Body>, z.output<Query>>): Promise<Answer>
}

/** Keeps the types of body and query together with their handler, and then forgets them, so that a list can hold it. */
export function endpoint<Body extends z.ZodType, Query extends z.ZodType>(declared: Endpoint<Body, Query>): Endpoint {
  return declared as unknown as Endpoint
}
