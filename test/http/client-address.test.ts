import { expect, test } from 'vitest'
import { HOUR } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'

const CONFIG = { public_url: 'https://auth.example.com', server: { trusted_proxies: ['127.0.0.1'] } }
const NAMELESS = 'a trusted proxy sends neither X-Forwarded-For nor Forwarded: all its clients share its address'
const UNTRUSTED = 'forwarding headers from a peer that is not in server.trusted_proxies'

async function warnedOf(headers: Record<string, string>, path = '/signin', config: typeof CONFIG = CONFIG) {
  const authd = await startAuthd({ config })
  const get = () => exchange(authd.address + path, { method: 'GET', headers: { Host: 'auth.example.com', ...headers } })
  await get()
  await get()
  authd.clock.advance(HOUR)
  await get()
  return authd.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
}

test.each([
  ['nothing', {}],
  ['X-Real-IP alone', { 'X-Real-IP': '203.0.113.9' }],
  ['X-Forwarded-Proto alone', { 'X-Forwarded-Proto': 'https' }],
  ['an address that is not one', { 'X-Forwarded-For': 'unknown' }],
] as const)('a trusted proxy that sends %s causes a warning, once an hour', async (_, headers) => {
  expect(await warnedOf({ ...headers })).toEqual([NAMELESS, NAMELESS])
})

test('a trusted proxy that names the client causes no warning, and neither does its health check', async () => {
  expect(await warnedOf({ 'X-Forwarded-For': '203.0.113.9' })).toEqual([])
  expect(await warnedOf({}, '/health')).toEqual([])
})

test('a proxy that is not trusted causes another warning, once an hour', async () => {
  const strange = { ...CONFIG, server: { trusted_proxies: ['192.0.2.1'] } }

  expect(await warnedOf({ 'X-Forwarded-For': '203.0.113.9' }, '/signin', strange)).toEqual([UNTRUSTED, UNTRUSTED])
})
