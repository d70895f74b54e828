import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { shell } from '../support/cli.ts'

interface Answer {
  status: number | undefined
  connection: string | undefined
  wasKept: boolean
}

/** A client that keeps one connection and asks one thing after the other on it. */
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

test('a daemon that stops answers once more on a connection that was kept, and says that it was the last time', async () => {
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

test('a request that is under way when a daemon stops is answered, and its connection ends with that', async () => {
  const place = await shell()
  const daemon = await place.serve(['--dev'])
  const body = JSON.stringify({ email: 'ada@example.com' })
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const asked = request(`${daemon.url}/v1/signin`, { method: 'POST', headers, agent })
  const answered = new Promise<IncomingMessage>((resolve, reject) => asked.on('response', resolve).on('error', reject))
  asked.write(body.slice(0, 5))
  // Its head has arrived: so have those of requests that began later.
  await keptConnection(daemon.url)('/health')

  daemon.kill('SIGTERM')
  await daemon.until(/stopping/)
  asked.end(body.slice(5))
  const { statusCode, headers: said } = await answered

  expect([statusCode, said.connection]).toEqual([201, 'close'])
  expect(await daemon.exit).toBe(0)
})

test('a connection that is kept and never used again does not keep a daemon from stopping', async () => {
  const place = await shell()
  const daemon = await place.serve(['--dev'])
  await keptConnection(daemon.url)('/health')

  daemon.kill('SIGTERM')

  await vi.waitFor(() => expect(daemon.printed()).toMatch(/stopped/), { timeout: 8_000 })
  expect(await daemon.exit).toBe(0)
})
