import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** One spelling an address: IPv4-mapped ones as IPv4, IPv6 compressed; undefined if it is none. */
export function foldIp(text: string): string | undefined {
  // What Node reports of an IPv4 peer is in its one spelling already: four numbers without leading zeros.
  const version = isIP(text)
  if (version === 4) return text
  return version === 0 ? undefined : ipaddr.process(text).toString()
}

/** What is counted as one client: an IPv4 address, or the /64 that an IPv6 client can choose from as it likes. */
export function ipBucket(ip: string): string {
  if (isIP(ip) !== 6) return ip
  const [first, second, third, fourth] = (ipaddr.parse(ip) as ipaddr.IPv6).parts
  return `${new ipaddr.IPv6([first, second, third, fourth, 0, 0, 0, 0] as number[]).toString()}/64`
}

/** Tells whether an address is in one of the ranges (`10.0.0.0/8`, `::1`), which were checked before. */
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

/** Of this machine itself. */
export function isLoopback(ip: string): boolean {
  const folded = foldIp(ip)
  return folded !== undefined && ipaddr.parse(folded).range() === 'loopback'
}

/** Of the Internet at large: not private, local, multicast or reserved, nor a form of IPv6 that carries IPv4. */
export function isPublicIp(ip: string): boolean {
  const folded = foldIp(ip)
  if (folded === undefined) return false
  const address = ipaddr.parse(folded)
  if (address.range() !== 'unicast') return false
  // Of IPv6 only 2000::/3 is given out.
  return address.kind() === 'ipv4' || ((address as ipaddr.IPv6).parts[0] ?? 0) >> 13 === 1
}
