import { expect, test } from 'vitest'
import { foldIp, ipBucket, ipMatcher } from '../../../src/platform/net/ip.ts'

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
])('"%s" is not an address', (text) => {
  expect(foldIp(text)).toBeUndefined()
})

test('a range contains only addresses of its own family', () => {
  const isInside = ipMatcher(['10.0.0.0/8', '::1', '2001:db8::/32'])

  expect(['10.255.0.1', '::1', '2001:db8:ffff::'].map(isInside)).toEqual([true, true, true])
  expect(['11.0.0.1', '::2', '::a00:1', '2001:db9::'].map(isInside)).toEqual([false, false, false, false])
})

test('an IPv6 client is its /64, an IPv4 one its address', () => {
  expect(ipBucket('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(ipBucket('2001:db8:1:2::')).toBe(ipBucket('2001:db8:1:2:ffff::1'))
  expect(ipBucket('2001:db8:1:3::')).not.toBe(ipBucket('2001:db8:1:2::'))
  expect(ipBucket('203.0.113.9')).toBe('203.0.113.9')
})
