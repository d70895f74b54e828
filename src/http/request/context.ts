import type { ParameterizedContext } from 'koa'
import type { Identity } from '../../flows/sessions/identify.ts'
import type { Client } from '../../platform/net/forwarded.ts'
import { NO_COOKIES, type RequestCookies } from './cookies.ts'

/** What the middleware know about a request, in the order of app.ts. */
/** An app's backend states its user's address here. It counts only with an API key of the scope `signin`. */
export const CLIENT_HEADER = 'Authd-Client-IP'

export interface RequestState {
  requestId: string
  /** From the `traceparent` of a trusted proxy (W3C Trace Context): 32 hex digits. */
  traceId: string | undefined
  /** The peer is in server.trusted_proxies. */
  isFromProxy: boolean
  /** The client's address: of the socket, or as a trusted proxy forwards it. */
  ip: string
  client: Client
  /** An app's backend stated the address, and its API key may do that. */
  isStated: boolean
  /** Received whole before the caller is identified. */
  body: Buffer
  identity: Identity
  /** Those that count. */
  cookies: RequestCookies
  /** The answer sets no cookies. */
  hasOwnCredential: boolean
  /** The limit of its route has judged it, or does. */
  isLimited: boolean
  /** The answer is HTML, also for an error. */
  isPage: boolean
  /** Errors have the format of RFC 6749. */
  isOauth: boolean
  /** The pattern of the route, for log and metrics. Never the URL. */
  route: string | undefined
}

export type Context = ParameterizedContext<RequestState>
export type Next = () => Promise<void>

/** The state of a request until middleware learn more about it. */
export const UNIDENTIFIED = {
  isStated: false,
  body: Buffer.alloc(0),
  identity: { kind: 'anonymous' },
  cookies: NO_COOKIES,
  hasOwnCredential: false,
  isLimited: false,
  isPage: false,
  isOauth: false,
} satisfies Partial<RequestState>
