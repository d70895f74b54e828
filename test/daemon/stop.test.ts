import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { until } from '../support/until.ts'

interface Answer {
  status: number | undefined
  connection: string | undefined
  wasKept: boolean
}

/** A client that sends one request after the other on one connection. */
function keptConnection(url: string): (path: string) => Promise<Answer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return async (path) => {
    const asked = request(`${url}${path}`, { agent })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject).end()
    })
    await text(response)
    const { statusCode: status, headers } = response
    return { status, connection: headers.connection, wasKept: asked.reusedSocket }
  }
}

test('a stopping daemon answers once more on a kept connection and then closes it', async () => {
  const place = await shell()
  const daemon = await place.serve(['--dev'])
  const ask = keptConnection(daemon.url)

  const before = await ask('/health')
  daemon.kill('SIGTERM')
  await daemon.until(/stopping/)
  const last = await ask('/health')

  expect(before).toEqual({ status: 200, connection: 'keep-alive', wasKept: false })
  expect(last).toEqual({ status: 200, connection: 'close', wasKept: true })
  expect(await daemon.exit).toBe(0)
})

test('a running request is answered when a daemon stops, and its connection then closes', async () => {
  const place = await shell()
  const daemon = await place.serve(['--dev'])
  const body = JSON.stringify({ email: 'ada@example.com' })
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const asked = request(`${daemon.url}/v1/signin`, { method: 'POST', headers, agent })
  const answered = new Promise<IncomingMessage>((resolve, reject) => asked.on('response', resolve).on('error', reject))
  asked.write(body.slice(0, 5))
  // A later request is answered, so the head of this one has arrived.
  await keptConnection(daemon.url)('/health')

  daemon.kill('SIGTERM')
  await daemon.until(/stopping/)
  asked.end(body.slice(5))
  const { statusCode, headers: said } = await answered

  expect([statusCode, said.connection]).toEqual([201, 'close'])
  expect(await daemon.exit).toBe(0)
})

test('an idle kept connection does not keep a daemon from stopping', async () => {
  const place = await shell()
  // Longer than the test may take, so that only a closed connection ends it.
  const daemon = await place.serve(['--dev'], { AUTHD_SERVER_SHUTDOWN_TIMEOUT: '10m' })
  await keptConnection(daemon.url)('/health')

  daemon.kill('SIGTERM')

  await until(() => expect(daemon.printed()).toMatch(/stopped/))
  expect(await daemon.exit).toBe(0)
})

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second %s ends a daemon at once, with exit code %i', async (signal, expected) => {
  const place = await shell()
  const daemon = await place.serve(['--dev'], { AUTHD_SERVER_SHUTDOWN_TIMEOUT: '10m' })
  const headers = { 'Content-Type': 'application/json', 'Content-Length': 100 }
  const running = request(`${daemon.url}/v1/signin`, { method: 'POST', headers }).on('error', () => {})
  running.write('{')
  await keptConnection(daemon.url)('/health')

  daemon.kill(signal)
  await daemon.until(/stopping/)
  daemon.kill(signal)

  expect(await daemon.exit).toBe(expected)
})
