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
