import ipaddr from 'ipaddr.js'
import { expect, test } from 'vitest'
import { CidrTable, parseCidr } from '../../../src/platform/net/cidr.ts'

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

test('of 2,000 networks the table finds those that hold an address, the longest first, as asking each of them does', () => {
  const table = new CidrTable<string>()
  const networks: string[] = []
  let seed = 7
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  for (let at = 0; at < 2000; at += 1) {
    const isV6 = at % 2 === 1
    const address = isV6
      ? `2001:db8:${next(4)}:${next(4).toString(16)}::${next(9)}`
      : `10.${next(3)}.${next(3)}.${next(256)}`
    const parsed = parseCidr(`${address}/${isV6 ? next(129) : next(33)}`)
    if (!parsed) throw new Error('no network')
    table.add(parsed.cidr, parsed.cidr.text)
    networks.push(parsed.cidr.text)
  }
  for (const ip of ['10.1.2.77', '10.0.0.0', '9.9.9.9', '2001:db8:1:2::3', '2001:db8::', 'fe80::1']) {
    const found = [...table.matches(ip)].flat()
    const address = ipaddr.parse(ip)
    const asked = networks.filter((text) => {
      const [base, bits] = ipaddr.parseCIDR(text)
      return base.kind() === address.kind() && address.match(base, bits)
    })
    expect([...found].sort()).toEqual([...asked].sort())
    const lengths = found.map((text) => Number(text.split('/')[1]))
    expect(lengths).toEqual([...lengths].sort((left, right) => right - left))
  }
})
