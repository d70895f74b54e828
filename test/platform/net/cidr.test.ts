import { expect, test } from 'vitest'
import { CidrTable, parseCidr } from '../../../src/platform/net/cidr.ts'
import { ipMatcher } from '../../../src/platform/net/ip.ts'
import { fc } from '../../support/property.ts'

test.each([
  ['203.0.113.9', '203.0.113.9/32', false],
  ['203.0.113.0/24', '203.0.113.0/24', false],
  ['203.0.113.5/24', '203.0.113.0/24', true],
  [' 10.0.0.0/8 ', '10.0.0.0/8', false],
  ['0.0.0.0/0', '0.0.0.0/0', false],
  ['2001:DB8:0::/32', '2001:db8::/32', false],
  ['2001:db8::1/64', '2001:db8::/64', true],
  ['::ffff:203.0.113.0/120', '203.0.113.0/24', false],
  ['::ffff:203.0.113.9', '203.0.113.9/32', false],
  ['::/0', '::/0', false],
])('%s is the network %s', (text, network, hasHostBits) => {
  expect(parseCidr(text)).toMatchObject({ cidr: { text: network }, hasHostBits })
})

test.each([
  '',
  'x',
  '1.2.3',
  '1.2.3.4/33',
  '1.2.3.4/-1',
  '1.2.3.4/8/8',
  '::1/129',
  'fe80::1%eth0',
  '010.0.0.1',
  '1.2.3.4/',
  '::ffff:1.2.3.4/8',
])('"%s" is not a network', (text) => {
  expect(parseCidr(text)).toBeUndefined()
})

test('any text is rejected, or a network whose text is a network of its own without host bits', () => {
  const almost = fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: -1, max: 130 }))
    .map((parts) => parts.join('/'))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), almost), (text) => {
      const parsed = parseCidr(text)
      fc.pre(parsed !== undefined)
      expect(parseCidr(parsed?.cidr.text ?? '')).toEqual({ cidr: parsed?.cidr, hasHostBits: false })
    }),
  )
})

/** Few addresses, so that networks of all lengths hold them. */
const address4 = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(255)).map((parts) => `10.${parts.join('.')}`)
const address6 = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(8)).map(([a, b, c]) => `2001:db8:${a}:${b}::${c}`)
const network4 = fc.tuple(address4, fc.nat(32)).map((parts) => parts.join('/'))
const network6 = fc.tuple(address6, fc.nat(128)).map((parts) => parts.join('/'))

test('the table finds exactly the networks that contain an address, the longest first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(network4, network6), { maxLength: 200 }),
      fc.oneof(address4, address6),
      (texts, ip) => {
        const networks = texts.flatMap((text) => parseCidr(text)?.cidr ?? [])
        const table = new CidrTable<string>()
        for (const cidr of networks) table.add(cidr, cidr.text)

        const found = [...table.matches(ip)].flat()

        const asked = networks.map(({ text }) => text).filter((text) => ipMatcher([text])(ip))
        expect(found.toSorted()).toEqual(asked.toSorted())
        const lengths = found.map((text) => Number(text.split('/')[1]))
        expect(lengths).toEqual(lengths.toSorted((left, right) => right - left))
      },
    ),
  )
})
