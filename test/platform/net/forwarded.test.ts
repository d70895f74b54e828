import { expect, test } from 'vitest'
import { takeClient } from '../../../src/platform/net/forwarded.ts'
import { foldIp, ipMatcher } from '../../../src/platform/net/ip.ts'
import { fc } from '../../support/property.ts'

const isTrusted = ipMatcher(['10.0.0.0/8', '2001:db8::/32'])

test.each([
  ['no header', '10.0.0.1', {}, '10.0.0.1'],
  ['one hop', '10.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, '203.0.113.9'],
  [
    'the rightmost that is not ours',
    '10.0.0.1',
    { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.2' },
    '203.0.113.9',
  ],
  [
    'a stranger in between hides what is left of it',
    '10.0.0.1',
    { 'x-forwarded-for': '6.6.6.6, evil, 10.0.0.2' },
    '10.0.0.2',
  ],
  ['a peer whose word does not count', '8.8.8.8', { 'x-forwarded-for': '203.0.113.9' }, '8.8.8.8'],
  ['all hops ours', '10.0.0.1', { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' }, '10.0.0.3'],
  ['a mapped peer and a mapped hop', '::ffff:10.0.0.1', { 'x-forwarded-for': '::FFFF:203.0.113.9' }, '203.0.113.9'],
  ['ports', '10.0.0.1', { 'x-forwarded-for': '203.0.113.9:4711' }, '203.0.113.9'],
  ['brackets and ports', '10.0.0.1', { 'x-forwarded-for': '[2001:DB9::1]:4711' }, '2001:db9::1'],
  ['RFC 7239', '10.0.0.1', { forwarded: 'for=203.0.113.9;proto=https;by=10.0.0.1' }, '203.0.113.9'],
  ['RFC 7239, IPv6', '2001:db8::1', { forwarded: 'For="[2001:db9::1]:4711"; proto=https' }, '2001:db9::1'],
  ['RFC 7239, two hops', '10.0.0.1', { forwarded: 'for=6.6.6.6, for=203.0.113.9, for=10.0.0.9' }, '203.0.113.9'],
  ['RFC 7239, hidden', '10.0.0.1', { forwarded: 'for=6.6.6.6, for=_hidden' }, '10.0.0.1'],
  ['RFC 7239, without for', '10.0.0.1', { forwarded: 'proto=https' }, '10.0.0.1'],
  ['nothing of sense', '10.0.0.1', { 'x-forwarded-for': ', ,;' }, '10.0.0.1'],
])('%s', (_, peer, headers, ip) => {
  expect(takeClient(peer, headers, isTrusted)).toMatchObject({ ip, isUnclear: false })
})

test('two headers with different clients are ambiguous; with the same client they are not', () => {
  const forwarded = 'for=6.6.6.6'

  expect(takeClient('10.0.0.1', { forwarded, 'x-forwarded-for': '203.0.113.9' }, isTrusted).isUnclear).toBe(true)
  expect(takeClient('10.0.0.1', { forwarded, 'x-forwarded-for': '6.6.6.6' }, isTrusted).isUnclear).toBe(false)
  expect(takeClient('8.8.8.8', { forwarded, 'x-forwarded-for': '203.0.113.9' }, isTrusted).isUnclear).toBe(false)
})

test('forwarding headers are removed after reading, for every client', () => {
  for (const peer of ['10.0.0.1', '8.8.8.8']) {
    const headers = {
      forwarded: 'for=1.1.1.1',
      'x-forwarded-for': '1.1.1.1',
      'x-forwarded-host': 'x',
      'x-real-ip': '1',
      host: 'h',
    }
    takeClient(peer, headers, isTrusted)
    expect(headers).toEqual({ host: 'h' })
  }
})

test('any header leads to an address in its canonical form, and only a trusted peer is believed', () => {
  const hop = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string(),
    fc.ipV4().map((ip) => `for=${ip}`),
  )
  const header = fc.array(hop, { maxLength: 5 }).map((hops) => hops.join(', '))
  fc.assert(
    fc.property(header, header, (forwarded, list) => {
      const headers = () => ({ forwarded, 'x-forwarded-for': list })

      const { ip } = takeClient('10.0.0.1', headers(), isTrusted)

      expect(foldIp(ip)).toBe(ip)
      expect(takeClient('8.8.8.8', headers(), isTrusted)).toMatchObject({ ip: '8.8.8.8', isUnclear: false })
    }),
  )
})

const FORWARDED_HERE = {
  'the proxy of a framework': {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': 'localhost:5173',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': '5173',
  },
  'one over IPv6': { 'x-forwarded-for': '::1', 'x-forwarded-host': '[::1]:5173', 'x-real-ip': '::1' },
  'two of them': { 'x-forwarded-for': '127.0.0.1, ::ffff:127.0.0.1', 'x-forwarded-host': 'app.localhost, localhost' },
  'RFC 7239': { forwarded: 'for="[::1]:4711";host="localhost:5173";proto=http' },
  'only its scheme': { 'x-forwarded-proto': 'http' },
  'nothing at all': {},
}

test.each(Object.entries(FORWARDED_HERE))('forwarding within this machine is known as such: %s', (_, headers) => {
  expect(takeClient('127.0.0.1', { ...headers }, isTrusted).isLocal).toBe(true)
  expect(takeClient('192.0.2.1', { ...headers }, isTrusted).isLocal).toBe(false)
})

test.each([
  ['another client', { 'x-forwarded-for': '203.0.113.9' }],
  ['one of the local network', { 'x-forwarded-for': '192.168.1.7' }],
  ['another client left of a local hop', { 'x-forwarded-for': '203.0.113.9, 127.0.0.1' }],
  ['no address', { 'x-forwarded-for': 'unknown' }],
  ['an empty list', { 'x-forwarded-for': '' }],
  ['another client in RFC 7239', { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=203.0.113.9' }],
  ['a hidden client', { forwarded: 'for=_hidden' }],
  ['another client in X-Real-IP', { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '203.0.113.9' }],
  ['a tunnel', { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'abc.tunnel.example' }],
  ['a host that begins like ours', { 'x-forwarded-host': 'localhost.evil.example' }],
  ['a host that ends like ours', { 'x-forwarded-host': 'evillocalhost' }],
  ['another host in RFC 7239', { forwarded: 'for=127.0.0.1;host=evil.example' }],
])('forwarding for others is not: %s', (_, headers) => {
  expect(takeClient('127.0.0.1', { ...headers }, isTrusted).isLocal).toBe(false)
})
