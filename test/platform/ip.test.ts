import { expect, test } from 'vitest'
import { clientIp, foldIp, ipMatcher, isLoopback } from '../../src/platform/ip.ts'

test.each([
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::FFFF:7f00:1', '127.0.0.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['10.0.0.1', '10.0.0.1'],
])('%s is %s', (text, folded) => {
  expect(foldIp(text)).toBe(folded)
})

test.each([
  '',
  'localhost',
  '010.0.0.1',
  '1',
  '0x7f000001',
  '127.1',
  '1.2.3.4:80',
  '[::1]',
  'fe80::1%eth0 x',
  '1.2.3.4/8',
])('"%s" is no address', (text) => {
  expect(foldIp(text)).toBeUndefined()
})

test('a range holds its own kind of addresses only', () => {
  const isInside = ipMatcher(['10.0.0.0/8', '::1', '2001:db8::/32'])

  expect(['10.255.0.1', '::1', '2001:db8:ffff::'].map(isInside)).toEqual([true, true, true])
  expect(['11.0.0.1', '::2', '::a00:1', '2001:db9::'].map(isInside)).toEqual([false, false, false, false])
})

test('a hop that is no address ends the walk at the last one that we know', () => {
  const isTrusted = ipMatcher(['10.0.0.0/8'])

  expect(clientIp('10.0.0.1', 'evil, 10.0.0.2', isTrusted)).toBe('10.0.0.2')
  expect(clientIp('8.8.8.8', '1.1.1.1', isTrusted)).toBe('8.8.8.8')
  expect(isLoopback(clientIp('10.0.0.1', '127.0.0.1', isTrusted))).toBe(true)
})
