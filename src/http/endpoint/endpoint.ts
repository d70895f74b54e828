import type { z } from 'zod'
import type { Deps } from '../../deps.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Limit } from '../../flows/limits/request-limits.ts'
import type { Actor } from '../../flows/record-event.ts'
import type { Guard } from '../../flows/sessions/guard.ts'
import type { Identity } from '../../flows/sessions/identify.ts'
import type { LiveSession } from '../../flows/sessions/judge-session.ts'
import type { BodyType } from '../request/body.ts'
import type { CookieChange, RequestCookies } from '../request/cookies.ts'
import type { PathParams } from '../request/router.ts'
import type { Tag } from './tags.ts'

/** A guard that admits sessions gives the session to the handler. Other guards give none. */
type SessionOf<Allowed extends Guard> = Allowed extends 'none' | { scope: string } ? unknown : { session: LiveSession }

interface RequestParts<Body, Query, Path extends string> {
  body: Body
  query: Query
  params: PathParams<Path>
  identity: Identity
  cookies: RequestCookies
  /** The answer sets no cookies. */
  hasOwnCredential: boolean
  actor: Actor
  /** The header, as sent. */
  /** The language of a mail, from a field of the request if it has one, the browser's choice, or `Accept-Language`. */
  languageOf: (asked?: string) => string
}

export type EndpointRequest<Body, Query, Path extends string, Allowed extends Guard> = RequestParts<Body, Query, Path> &
  SessionOf<Allowed>

export interface Answer {
  status: number
  /** Tests validate it with the schema of its status. Undefined means no body. */
  body?: unknown
  /** Not sent to a caller that brings its own credential. */
  cookies?: CookieChange[]
  headers?: Record<string, string>
  /** It counts as a failure, although its status does not say so. */
  isWrong?: boolean
}

/**
 * The declaration of a route. Router, validation and OpenAPI document are made from it. `errors`
 * names what is special to the route; openapi.ts adds what follows from path, method, guard and body.
 */
export interface Endpoint<
  Body extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Path extends string = string,
  Allowed extends Guard = Guard,
> {
  /** The operation id of the OpenAPI document, unique. Generated clients name their function by it. */
  name: string
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: Path
  summary: string
  tag: Tag
  guard: Allowed
  /** Overrides the default of flows/limits/request-limits.ts for its method and caller. */
  limit?: Limit
  /**
   * With the guard `none`: whether the browser's cookies count for this body, and whether the answer may set some. By
   * default they do not. Other guards decide by themselves; see request/own-credential.ts.
   */
  cookies?: (body: Readonly<Record<string, unknown>>, held: RequestCookies) => boolean
  /**
   * `also` is the schema for a body of the other type. A request with a form gets the errors of RFC 6749, because OAuth
   * libraries send those.
   */
  body?: { type: BodyType; schema: Body; also?: z.ZodType<z.output<Body>> }
  query?: Query
  /** `headers`: an object of the headers that are special to the answer. */
  answers: Record<number, { text: string; schema?: z.ZodType; headers?: z.ZodType; contentType?: string }>
  errors?: ErrorCode[]
  /** False: it can be asked again as it is, or has a way of its own to answer twice. It takes no `Idempotency-Key`. */
  isRepeatable?: false
  /** Seconds. Caches may store the answer, and it may be compressed: it holds nothing personal. */
  publicMaxAge?: number
  handle(deps: Deps, request: EndpointRequest<z.output<Body>, z.output<Query>, Path, Allowed>): Promise<Answer>
}

/** A route as the router calls it. */
export type AnyEndpoint = Omit<Endpoint, 'handle'> & {
  handle(
    deps: Deps,
    request: RequestParts<unknown, unknown, string> & { session: LiveSession | undefined },
  ): Promise<Answer>
}

/** Checks the types of a declaration, then forgets them, so that a list can hold it. */
export function endpoint<
  Body extends z.ZodType,
  Query extends z.ZodType,
  const Path extends string,
  const Allowed extends Guard,
>(declared: Endpoint<Body, Query, Path, Allowed>): AnyEndpoint {
  return declared as unknown as AnyEndpoint
}

/** Whether it takes an `Idempotency-Key`. */
export function mayHaveKey({ method, isRepeatable }: Pick<AnyEndpoint, 'method' | 'isRepeatable'>): boolean {
  return method !== 'GET' && isRepeatable !== false
}

/** Whether a backend may call it for a user whose address it states. A wrong API key is an error there. */
export function isForBackends({ guard, limit }: Pick<AnyEndpoint, 'guard' | 'limit'>): boolean {
  return guard === 'none' && limit !== undefined
}
