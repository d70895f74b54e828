import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'

test('SECURITY: development mode takes no request that a proxy of this machine forwards for another', async () => {
  const authd = await startAuthd({ config: { server: { trusted_proxies: ['127.0.0.1'] } } })
  const lifecycle = { version: '', startedAt: 0, isStopping: () => false, isDevelopment: true }
  const server = createServer((await createApp(authd.deps, lifecycle)).callback())
  onTestFinished(() => void server.close().closeAllConnections())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const ask = async (headers: Record<string, string>) =>
    (await exchange(`http://localhost:${port}/v1/session`, { method: 'GET', headers })).status

  const own = [await ask({}), await ask({ 'X-Forwarded-For': '127.0.0.1' })]
  const others = [await ask({ 'X-Forwarded-For': '203.0.113.9' }), await ask({ Host: 'evil.example' })]

  expect(own).toEqual([401, 401])
  expect(others).toEqual([403, 403])
})
