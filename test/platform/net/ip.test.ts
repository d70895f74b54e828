import { isIP } from 'node:net'
import { expect, test } from 'vitest'
import { foldIp, ipBucket, ipMatcher } from '../../../src/platform/net/ip.ts'
import { fc } from '../../support/property.ts'

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

test('every IPv4 address folds to itself, also when it is mapped into IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      expect([foldIp(ip), foldIp(`::ffff:${ip}`)]).toEqual([ip, ip])
    }),
  )
})

test('every spelling of an IPv6 address folds to one', () => {
  fc.assert(
    fc.property(fc.ipV6(), (ip) => {
      const folded = foldIp(ip)
      expect(folded).toBeDefined()
      expect([foldIp(ip.toUpperCase()), foldIp(folded ?? '')]).toEqual([folded, folded])
    }),
  )
})

test('any text is an address or rejected', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(foldIp(text) !== undefined).toBe(isIP(text) > 0)
    }),
  )
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

test('all addresses of one /64 share a bucket', () => {
  const group = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16))
  const half = fc.tuple(group, group, group, group).map((groups) => groups.join(':'))
  fc.assert(
    fc.property(half, half, half, (network, one, other) => {
      expect(ipBucket(`${network}:${one}`)).toBe(ipBucket(`${network}:${other}`))
    }),
  )
})
