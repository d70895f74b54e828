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

export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.')
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

/**
 * The client's address: the socket's, unless that peer is a trusted proxy; then the rightmost hop of X-Forwarded-For
 * that is none. Whatever stands left of it may be invented.
 */
export function clientIp(peer: string, forwardedFor: string | undefined, isTrusted: (ip: string) => boolean): string {
  let client = foldIp(peer) ?? peer
  if (!forwardedFor) return client
  const hops = forwardedFor.split(',').map((hop) => foldIp(hop.trim()))
  while (hops.length > 0 && isIP(client) !== 0 && isTrusted(client)) {
    const hop = hops.pop()
    if (hop === undefined) break
    client = hop
  }
  return client
}
