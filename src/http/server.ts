import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AuthdError } from '../errors.ts'

/** SECURITY W-08 and row 44: Node's own defaults leave a slow sender a minute. Milliseconds. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 15_000
const KEEP_ALIVE_TIMEOUT = 65_000
/** A client that does not read its answer: Node gives a write that has begun this long twice. */
const SOCKET_TIMEOUT = 15_000
/** Requests sent before their forerunners are answered: no client of today does, and each holds its answer in memory. */
const MAX_PIPELINED = 8
const CHECK_INTERVAL = 2_000
/** At the end, so long whoever keeps a connection may ask once more on it. Milliseconds. */
const LAST_ANSWERS = 1_000

export type ListenTarget = { host: string; port: number } | { fd: number }

export interface Listener {
  /** `http://127.0.0.1:3000` */
  address: string
  /** How many there are now. */
  connections(): Promise<number>
  /** Connections end with their next answer, new ones are refused; what is left after the time (ms) is cut off. */
  close(timeoutMs: number): Promise<void>
}

/** Listens, with limits on what a client may keep waiting. Throws NO_PERMISSION or UNAVAILABLE where it cannot. */
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

/** A client that asks on and on and reads nothing would fill the memory with answers: its connection ends. */
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
    const place = 'fd' in where ? 'the socket of systemd' : `${where.host}:${where.port}`
    if (code === 'EACCES') {
      const message = `This user may not listen on ${place}: ports below 1024 are the proxy's.`
      throw new AuthdError('NO_PERMISSION', { message, suggestions: ['authd config reference server.port'], cause })
    }
    const message =
      code === 'EADDRINUSE' ? `${place} is taken: another program listens there.` : `It cannot listen on ${place}.`
    throw new AuthdError('UNAVAILABLE', { message, suggestions: ['authd serve --listen 127.0.0.1:3001'], cause })
  }
}

/** The answers that have not gone out yet. */
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
  for (const response of unanswered) sayLast(response)
  await giveLastAnswers(server, Math.min(LAST_ANSWERS, timeoutMs))
  server.close()
  // A connection whose last answer has just gone out would be kept alive: it is idle a moment later.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const cut = new AbortController()
  const late = wait(timeoutMs, undefined, { signal: cut.signal }).then(
    () => server.closeAllConnections(),
    () => undefined,
  )
  await closed
  clearInterval(idle)
  cut.abort()
  await late
}

/**
 * A connection that is closed between two requests loses the one that is on its way to it, and few clients may send a
 * POST twice. So each is told with an answer that it was the last, for as long as it takes those in use to ask.
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
