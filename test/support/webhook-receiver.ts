import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

export interface Received {
  headers: IncomingHttpHeaders
  body: string
}

export interface Receiver {
  url: string
  /** Received requests, oldest first. */
  received: Received[]
  /** The number of connections, with or without a request. */
  connections: number
  /** How it responds from now on. */
  answer: (response: ServerResponse, received: Received) => void
}

/** A server of an application that receives events. It stops after the test. */
export async function webhookReceiver(): Promise<Receiver> {
  const receiver: Receiver = {
    url: '',
    received: [],
    connections: 0,
    answer: (response) => {
      response.statusCode = 204
      response.end()
    },
  }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      const received = { headers: request.headers, body }
      receiver.received.push(received)
      receiver.answer(response, received)
    })
  })
  server.on('connection', () => {
    receiver.connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  receiver.url = `http://127.0.0.1:${address.port}/events`
  return receiver
}

/** Responds with a status and optional headers. */
export function answering(status: number, headers: Record<string, string> = {}) {
  return (response: ServerResponse) => {
    response.writeHead(status, headers)
    response.end('what it says')
  }
}

export function typesOf({ received }: Receiver): string[] {
  return received.map(({ body }) => (JSON.parse(body) as { type: string }).type)
}
