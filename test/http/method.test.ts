import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'

const LIFECYCLE = { version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }
const ROUTES = [...allEndpoints(LIFECYCLE), ...PAGES]
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'MKCOL', 'LOCK', 'PURGE']

async function raw(address: string, text: string): Promise<string> {
  const { port } = new URL(address)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.end(text)
  const chunks = await socket.setEncoding('utf8').toArray()
  return chunks.join('')
}

test('every route rejects other methods with 405 and names those it accepts', async () => {
  const authd = await startAuthd()
  // Without an admin key, the admin API is absent.
  await createApiKey(authd.deps, SYSTEM, { name: 'admin', scopes: ['users:read'], expiresAt: null })
  const { host } = new URL(authd.url)
  const paths = [...new Set(ROUTES.map(({ path }) => path))]

  const wrong = []
  for (const path of paths) {
    const own = ROUTES.filter((route) => route.path === path).map(({ method }): string => method)
    for (const method of METHODS.filter((each) => !own.includes(each))) {
      const { status, headers } = await exchange(authd.address + path.replace(':', 'x'), {
        method,
        headers: { Host: host },
      })
      const allowed = (headers.get('Allow') ?? '').split(', ').filter((each) => each !== 'HEAD')
      if (status !== 405 || allowed.sort().join() !== own.sort().join()) wrong.push([method, path, status, allowed])
    }
  }

  expect(wrong).toEqual([])
})

test.each(['TRACK', 'BREW', 'get', 'CONNECT'])('the method %s is rejected', async (method) => {
  const authd = await startAuthd()

  const answer = await raw(authd.address, `${method} /v1/session HTTP/1.1\r\nHost: localhost\r\n\r\n`)

  expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d .*)?$/s)
  expect((await authd.browser().get('/liveness')).status).toBe(200)
})

test('HEAD is GET without the body', async () => {
  const authd = await startAuthd()

  const head = await authd.browser().send('HEAD', '/signin')

  expect([head.status, head.body]).toEqual([200, ''])
})

test.each([
  '/nothing',
  '/v1',
  '/v1/',
  '/V1/session',
  '/admin',
  '/admin/users',
  '/.env',
  '/%2e%2e/etc/passwd',
  '/v1//session',
])('%s is 404 for any method', async (path) => {
  const authd = await startAuthd()

  const replies = [await authd.browser().get(path), await authd.browser().post(path, { json: {} })]

  expect(replies.map(({ status, body }) => [status, body.code])).toEqual([
    [404, 'NOT_FOUND'],
    [404, 'NOT_FOUND'],
  ])
})
