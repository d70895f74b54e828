import type { ParameterizedContext } from 'koa'
import type { Identity } from '../flows/sessions/identify.ts'
import type { Client } from '../platform/net/forwarded.ts'
import type { RequestCookies } from './cookies.ts'

/** What the middleware find out about a request, in the order of app.ts. */
export interface RequestState {
  requestId: string
  /** Of a `traceparent` that a trusted proxy sent (W3C Trace Context): 32 hex digits. */
  traceId: string | undefined
  /** The client's address, as server.trusted_proxies lets us know it. */
  ip: string
  client: Client
  /** The address was stated by an app's backend, whose key may do that. */
  isStated: boolean
  identity: Identity
  cookies: RequestCookies
  /** Answers are HTML, errors too. */
  isPage: boolean
  /** Errors are RFC 6749's. */
  isOauth: boolean
  /** The pattern of the route, never the URL: for the log. */
  route: string | undefined
}

export type Context = ParameterizedContext<RequestState>
export type Next = () => Promise<void>
