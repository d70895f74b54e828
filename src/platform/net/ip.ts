import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Returns the canonical form of an address: IPv4-mapped as IPv4, IPv6 compressed, without a zone, which only names an
 * interface of one machine. Undefined if it is not an address.
 */
export function foldIp(text: string): string | undefined {
  // isIP accepts IPv4 only in its canonical form: four numbers without leading zeros.
  const version = isIP(text)
  if (version === 4) return text
  return version === 0 ? undefined : ipaddr.process(text.split('%')[0] ?? '').toString()
}

/** What counts as one client: an IPv4 address, or an IPv6 /64, because a client can use any address of its /64. */
export function ipBucket(ip: string): string {
  if (isIP(ip) !== 6) return ip
  const [first, second, third, fourth] = (ipaddr.parse(ip) as ipaddr.IPv6).parts
  return `${new ipaddr.IPv6([first, second, third, fourth, 0, 0, 0, 0] as number[]).toString()}/64`
}

/** Returns a function that says whether an address is in one of the ranges. The ranges must be valid. */
export function ipMatcher(ranges: readonly string[]): (ip: string) => boolean {
  const parsed = ranges.map(parseRange)
  if (parsed.length === 0) return () => false
  return (ip) => {
    const address = ipaddr.parse(ip)
    return parsed.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))
  }
}

function parseRange(text: string): Range {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** Says whether an address belongs to this machine itself. */
export function isLoopback(ip: string): boolean {
  const folded = foldIp(ip)
  return folded !== undefined && ipaddr.parse(folded).range() === 'loopback'
}

/** Says whether an address is on the public Internet: not private, local, multicast, reserved, or IPv4 inside IPv6. */
export function isPublicIp(ip: string): boolean {
  const folded = foldIp(ip)
  if (folded === undefined) return false
  const address = ipaddr.parse(folded)
  if (address.range() !== 'unicast') return false
  // Only 2000::/3 of IPv6 is allocated.
  return address.kind() === 'ipv4' || ((address as ipaddr.IPv6).parts[0] ?? 0) >> 13 === 1
}
