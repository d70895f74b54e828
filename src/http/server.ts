import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AuthdError } from '../errors.ts'

/** Milliseconds. Node's defaults give a slow sender a minute. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 15_000
const KEEP_ALIVE_TIMEOUT = 65_000
/** For a client that does not read its answer. A write that has begun gets this time twice. */
const SOCKET_TIMEOUT = 15_000
/** Requests sent before earlier ones are answered. Modern clients do not pipeline, and each answer takes memory. */
const MAX_PIPELINED = 8
const CHECK_INTERVAL = 2_000
/** Milliseconds. On shutdown, open connections get this time for one more request. */
const LAST_ANSWERS = 1_000

export type ListenTarget = { host: string; port: number } | { fd: number }

export interface Listener {
  /** `http://127.0.0.1:3000` */
  address: string
  /** The current number of connections. */
  connections(): Promise<number>
  /** Refuses new connections, and closes open ones after their next answer, or at the latest after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

/** Listens, with time limits for slow clients. Throws NO_PERMISSION or UNAVAILABLE. */
export async function openListener(
  listener: RequestListener,
  { where, maxConnections }: { where: ListenTarget; maxConnections: number },
): Promise<Listener> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT, headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: CHECK_INTERVAL },
    refusePipelines(listener),
  )
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT
  server.maxConnections = maxConnections
  server.setTimeout(SOCKET_TIMEOUT)
  const unanswered = keepUnanswered(server)
  await listen(server, where)
  return {
    address: addressOf(server),
    connections: () => countConnections(server),
    close: (timeoutMs) => drain(server, { unanswered, timeoutMs }),
  }
}

/** Closes the connection of a client that pipelines requests without reading answers, which would fill the memory. */
function refusePipelines(listener: RequestListener): RequestListener {
  const unanswered = new WeakMap<Socket, number>()
  return (req, res) => {
    const { socket } = req
    const count = (unanswered.get(socket) ?? 0) + 1
    if (count > MAX_PIPELINED) {
      socket.destroy()
      return
    }
    unanswered.set(socket, count)
    res.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1))
    listener(req, res)
  }
}

async function listen(server: Server, where: ListenTarget): Promise<void> {
  server.listen(where)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const place = 'fd' in where ? 'the socket from systemd' : `${where.host}:${where.port}`
    if (code === 'EACCES') {
      const message = `This user is not allowed to listen on ${place}. Ports below 1024 belong to the proxy.`
      throw new AuthdError('NO_PERMISSION', { message, suggestions: ['authd config reference server.port'], cause })
    }
    const message =
      code === 'EADDRINUSE'
        ? `${place} is in use: another program listens there. Stop it, or set server.port.`
        : `authd cannot listen on ${place}.`
    throw new AuthdError('UNAVAILABLE', {
      message,
      suggestions: ['authd config reference server.port', 'authd serve --listen 127.0.0.1:3001'],
      cause,
    })
  }
}

/** Tracks the answers that are not sent yet. */
function keepUnanswered(server: Server): ReadonlySet<ServerResponse> {
  const unanswered = new Set<ServerResponse>()
  server.on('request', (_request, response) => {
    unanswered.add(response)
    response.once('close', () => unanswered.delete(response))
  })
  return unanswered
}

async function drain(
  server: Server,
  { unanswered, timeoutMs }: { unanswered: ReadonlySet<ServerResponse>; timeoutMs: number },
): Promise<void> {
  const closed = once(server, 'close')
  const until = performance.now() + timeoutMs
  for (const response of unanswered) sayLast(response)
  await giveLastAnswers(server, Math.min(LAST_ANSWERS, timeoutMs))
  server.close()
  // A connection becomes idle shortly after its last answer and would then be kept alive.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const cut = new AbortController()
  const late = wait(Math.max(0, until - performance.now()), undefined, { signal: cut.signal }).then(
    () => server.closeAllConnections(),
    () => undefined,
  )
  await closed
  clearInterval(idle)
  cut.abort()
  await late
}

/**
 * Closing an idle connection can lose a request that is on its way, and few clients may repeat a POST. So authd marks
 * the next answer of each connection as its last, for as long as active clients need.
 */
async function giveLastAnswers(server: Server, ms: number): Promise<void> {
  server.prependListener('request', (_request, response) => sayLast(response))
  const until = performance.now() + ms
  while (performance.now() < until && (await countConnections(server)) > 0) await wait(20)
}

function sayLast(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close')
}

function countConnections(server: Server): Promise<number> {
  return promisify(server.getConnections.bind(server))()
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return String(address)
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
