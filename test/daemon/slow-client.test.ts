import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { type Daemon, shell } from '../support/cli.ts'

async function serve(): Promise<Daemon> {
  return await (await shell()).serve(['--dev'])
}

/** Sends this, then a byte per second. Returns the answer when the server closes the connection. */
function dribble(url: string, beginning: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let answer = ''
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text
    })
    socket.write(beginning)
    const timer = setInterval(() => socket.write('x'), 1000)
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(timer)
      resolve(answer)
    })
  })
}

test('SECURITY: slow headers and slow bodies time out, and other clients are served meanwhile', async () => {
  const daemon = await serve()
  const post =
    'POST /v1/signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{'
  const slow = Promise.all([
    ...Array.from({ length: 50 }, () => dribble(daemon.url, 'GET /health HTTP/1.1\r\nX-Slow: ')),
    ...Array.from({ length: 50 }, () => dribble(daemon.url, post)),
  ])

  const others = await Promise.all(Array.from({ length: 50 }, () => fetch(`${daemon.url}/health`)))
  const answers = await slow

  expect(others.every(({ status }) => status === 200)).toBe(true)
  expect(answers.filter((answer) => answer !== '' && !answer.startsWith('HTTP/1.1 408'))).toEqual([])
})

test('SECURITY: a client that pipelines without reading is disconnected; a few requests ahead are answered', async () => {
  const daemon = await serve()
  const { hostname, port } = new URL(daemon.url)
  const ask = async (times: number): Promise<number> => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => {})
    socket.write('GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(times))
    let text = ''
    const answers = () => text.split('HTTP/1.1 200').length - 1
    return await new Promise((resolve) => {
      socket.on('close', () => resolve(answers()))
      socket.setEncoding('latin1').on('data', (more) => {
        text += more
        if (answers() === times && text.endsWith('}')) socket.end()
      })
    })
  }

  expect(await ask(8)).toBe(8)
  expect(await ask(400)).toBe(0)
})
