import { lookup as lookupHost } from 'node:dns'
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { SECOND } from '../clock.ts'
import { isPublicIp } from './ip.ts'
import { trustSystemCertificates } from './system-certificates.ts'

export interface WebhookPost {
  url: string
  headers: Record<string, string>
  body: string
  /** The address may be in a private network, and without TLS. */
  allowsPrivate: boolean
  /** Ends the request early. */
  stopping?: AbortSignal | undefined
}

export interface WebhookReply {
  status: number
  /** The header, as sent. */
  retryAfter: string | undefined
  /** The beginning of the body. */
  text: string
}

/** Sends events to webhook endpoints. */
export interface WebhookClient {
  /** Throws WebhookError if there is no answer. A redirect is an answer and is not followed. */
  post(post: WebhookPost): Promise<WebhookReply>
  close(): Promise<void> | void
}

/** Why there is no answer, without details of the network that authd is in. */
class WebhookError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'WebhookError'
  }
}

const TIMEOUT_MS = 15 * SECOND
const KEPT_OPEN_MS = 30 * SECOND
const KEPT_BYTES = 1024
/** The same sentence for an unknown name, a private address and a closed port, so that it reveals no internal hosts. */
const NOT_REACHED = 'no connection to a public address'

/** Sends HTTP requests. The address of a name is checked at each connection, not when the endpoint was added. */
export function webhookClient({
  lookup = lookupHost as LookupFunction,
  timeoutMs = TIMEOUT_MS,
}: {
  lookup?: LookupFunction
  timeoutMs?: number
} = {}): WebhookClient {
  trustSystemCertificates()
  const agents = {
    public: agentsWith(publicOnly(lookup)),
    any: agentsWith(lookup),
  }
  return {
    post: (post) =>
      new Promise((resolve, reject) => {
        const fail = (cause: unknown) => reject(new WebhookError(said(cause, post.allowsPrivate), cause))
        const target = URL.parse(post.url)
        if (!target || !mayConnect(target, post.allowsPrivate)) return fail(undefined)
        const { tls, plain } = post.allowsPrivate ? agents.any : agents.public
        const [request, agent] = target.protocol === 'https:' ? [tlsRequest, tls] : [plainRequest, plain]
        const options = {
          method: 'POST',
          agent,
          headers: { ...post.headers, 'content-length': Buffer.byteLength(post.body) },
          signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(post.stopping ? [post.stopping] : [])]),
        }
        const send = (isAgain: boolean) => {
          const call = request(target, options, (response) => gather(response, resolve))
          call.on('error', (error) => {
            // The receiver closed an idle connection just as it was used. That is not a failure of the receiver.
            const isStale = call.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
            if (isStale && !isAgain) send(true)
            else fail(error)
          })
          call.end(post.body)
        }
        send(false)
      }),
    close() {
      for (const { tls, plain } of Object.values(agents)) {
        tls.destroy()
        plain.destroy()
      }
    },
  }
}

function agentsWith(lookup: LookupFunction) {
  const options = { keepAlive: true, timeout: KEPT_OPEN_MS, lookup }
  return { tls: new TlsAgent(options), plain: new PlainAgent(options) }
}

/** Checks an address in the URL. A name is checked when it is looked up. */
function mayConnect({ protocol, hostname, username, password }: URL, allowsPrivate: boolean): boolean {
  if (username !== '' || password !== '') return false
  if (allowsPrivate) return protocol === 'https:' || protocol === 'http:'
  const host = hostname.replace(/^\[|\]$/g, '')
  return protocol === 'https:' && (isIP(host) === 0 || isPublicIp(host))
}

/** Succeeds only if every address of the name is public. One private address among them is an attack. */
function publicOnly(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : []
      const [first] = addresses
      if (error || !first || !addresses.every(({ address }) => isPublicIp(address))) {
        return callback(error ?? new Error('not a public address'), '', 4)
      }
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}

/** Resolves at the end, at the size limit, or when the connection breaks: the status is known by then. */
function gather(response: IncomingMessage, resolve: (reply: WebhookReply) => void): void {
  const parts: Buffer[] = []
  let size = 0
  const done = () =>
    resolve({
      status: response.statusCode ?? 0,
      retryAfter: response.headers['retry-after'],
      text: Buffer.concat(parts).subarray(0, KEPT_BYTES).toString('utf8'),
    })
  response.on('data', (part: Buffer) => {
    parts.push(part)
    size += part.length
    if (size > KEPT_BYTES) response.destroy()
  })
  response.on('close', done)
  response.on('error', done)
}

function said(cause: unknown, allowsPrivate: boolean): string {
  const { name, code, message } = (cause ?? {}) as { name?: string; code?: string; message?: string }
  if (name === 'AbortError' || name === 'TimeoutError') return 'no answer in time'
  const isTls = code !== undefined && /CERT|TLS|SSL|SIGNATURE|ISSUER/.test(code)
  if (isTls) return `the certificate is not accepted: ${code}`
  return allowsPrivate && message ? message : NOT_REACHED
}

/**
 * `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3), as milliseconds from now. 0 if it is missing or invalid.
 */
export function retryAfterMs(header: string | undefined, now: number): number {
  const text = header?.trim() ?? ''
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now
  return Number.isFinite(wait) ? Math.max(wait, 0) : 0
}
