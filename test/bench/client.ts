import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Sent {
  json?: object
  bearer?: string
}

export interface Received {
  status: number
  body: string
}

/** One keep-alive connection with one request at a time, as cheap as possible, so that the client is not the limit. */
export interface Connection {
  call(method: string, path: string, sent?: Sent): Promise<Received>
  close(): void
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  const answers = readAnswers(socket)
  return {
    call(method, path, { json, bearer } = {}) {
      const text = json === undefined ? '' : JSON.stringify(json)
      const type =
        json === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`
      const authorization = bearer === undefined ? '' : `Authorization: Bearer ${bearer}\r\n`
      const answer = answers.next()
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${authorization}${type}\r\n${text}`)
      return answer
    },
    close: () => socket.destroy(),
  }
}

/** Every authd response has a Content-Length. */
function readAnswers(socket: Socket): { next(): Promise<Received> } {
  let buffered = ''
  let waiting: { resolve(answer: Received): void; reject(error: Error): void } | undefined
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    buffered += text
    const end = buffered.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = buffered.slice(0, end)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (buffered.length < end + 4 + length) return
    const body = buffered.slice(end + 4, end + 4 + length)
    buffered = buffered.slice(end + 4 + length)
    waiting?.resolve({ status: Number(head.slice(9, 12)), body })
  })
  const fail = (error: Error) => waiting?.reject(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection was closed')))
  return {
    next: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
      }),
  }
}
