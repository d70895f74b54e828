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
      'cf-connecting-ip': '1.1.1.1',
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
  'a proxy that says it is one': { 'x-forwarded-for': '127.0.0.1', via: '1.1 Caddy', host: 'localhost:3000' },
  'nothing at all': {},
}

test.each(Object.entries(FORWARDED_HERE))('forwarding within this machine is known as such: %s', (_, headers) => {
  expect(takeClient('127.0.0.1', { ...headers }, isTrusted).isLocal).toBe(true)
  expect(takeClient('192.0.2.1', { ...headers }, isTrusted).isLocal).toBe(false)
})

test.each<readonly [string, Record<string, string>]>([
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
  ['RFC 7239 without a client', { forwarded: 'proto=https;by=203.0.113.9' }],
  ['a proxy that names nobody', { via: '1.1 tunnel.example' }],
  ['a content network', { 'cdn-loop': 'cloudflare' }],
  ['a page whose name points at this machine', { host: 'evil.example:3000' }],
  ['such a page behind a proxy', { host: 'evil.example', 'x-forwarded-host': 'localhost' }],
  ['the address of all addresses', { host: '0.0.0.0:3000' }],
  ['another original host', { 'x-original-host': 'abc.tunnel.example' }],
  ...[
    ...['cf-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4', 'x-client-ip', 'client-ip', 'x-cluster-client-ip'],
    ...[
      'fly-client-ip',
      'fastly-client-ip',
      'true-client-ip',
      'x-azure-clientip',
      'x-appengine-user-ip',
      'x-remote-addr',
    ],
    ...['x-original-forwarded-for', 'x-vercel-forwarded-for', 'forwarded-for', 'x-envoy-external-address'],
  ].map((name) => [name, { [name]: '203.0.113.9', 'x-forwarded-for': '127.0.0.1' }] as const),
])('forwarding for others is not: %s', (_, headers) => {
  expect(takeClient('127.0.0.1', { ...headers }, isTrusted).isLocal).toBe(false)
})

test.each([
  'localhost',
  'localhost:3000',
  '127.0.0.1',
  '127.8.9.1:80',
  '[::1]:3000',
  'app.localhost:3000',
  'LOCALHOST',
])('a request from this machine under %s is local', (host) => {
  expect(takeClient('::1', { host }, isTrusted).isLocal).toBe(true)
})

test('a trusted proxy of this machine makes nobody else local', () => {
  const isProxy = ipMatcher(['127.0.0.1'])
  const ask = (client: string) => takeClient('127.0.0.1', { host: 'localhost', 'x-forwarded-for': client }, isProxy)

  expect([ask('127.0.0.1').isLocal, ask('203.0.113.9').isLocal, ask('127.0.0.1, 203.0.113.9').isLocal]).toEqual([
    true,
    false,
    false,
  ])
})

test("a backend's statement of its user's address is not a forwarding header", () => {
  const headers = { 'authd-client-ip': '203.0.113.9', host: 'localhost' }

  expect(takeClient('127.0.0.1', headers, isTrusted)).toMatchObject({ isForwarded: false, isLocal: true })
  expect(headers).toHaveProperty('authd-client-ip')
})
