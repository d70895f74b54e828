import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openListener } from '../../src/http/server.ts'

test('beyond server.max_connections a connection is closed at once, and the others go on', async () => {
  const listener = await openListener((_, response) => response.end('hello'), {
    where: { host: '127.0.0.1', port: 0 },
    maxConnections: 1,
  })
  onTestFinished(() => listener.close(0))
  const open = () => connect(Number(new URL(listener.address).port), '127.0.0.1')
  const first = open()
  await once(first, 'connect')

  const second = open()
  second.resume()
  const [hadError] = await once(second, 'close')
  first.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const answer = (await first.setEncoding('utf8').toArray()).join('')

  expect(hadError).toBe(false)
  expect(answer).toMatch(/^HTTP\/1.1 200 OK.+hello/s)
})
